// Softmax of rows, and its gradient: a warp a row.

__device__ __forceinline__ float warp_sum(float value) {
    for (int d = 16; d; d /= 2) value += __shfl_xor_sync(~0u, value, d);
    return value;
}

__device__ __forceinline__ float warp_max(float value) {
    for (int d = 16; d; d /= 2) value = fmaxf(value, __shfl_xor_sync(~0u, value, d));
    return value;
}

// Softmax of every row, in place: a warp a row. columns is a multiple of 8.
template <class T> __device__ void softmax(T *scores, int rows, int columns) {
    int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
    if (row >= rows) return;
    T *own = scores + (u64)row * columns;
    float highest = -1e30f, sum = 0, value[8];
    for (int at = lane * 8; at < columns; at += 256) {
        read8(own + at, value);
#pragma unroll
        for (int i = 0; i < 8; i++) highest = fmaxf(highest, value[i]);
    }
    highest = warp_max(highest);
    for (int at = lane * 8; at < columns; at += 256) {
        read8(own + at, value);
#pragma unroll
        for (int i = 0; i < 8; i++) sum += __expf(value[i] - highest);
    }
    float share = 1.0f / warp_sum(sum);
    for (int at = lane * 8; at < columns; at += 256) {
        read8(own + at, value);
#pragma unroll
        for (int i = 0; i < 8; i++) value[i] = __expf(value[i] - highest) * share;
        write8(own + at, value);
    }
}

// gradient of scores = scale weights (gradient - sum(weights gradient)), in place on the gradient of the
// weights.
template <class T>
__device__ void softmax_gradient(const T *weights, T *gradient, int rows, int columns, float scale) {
    int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
    if (row >= rows) return;
    const T *own = weights + (u64)row * columns;
    T *out = gradient + (u64)row * columns;
    float sum = 0, weight[8], value[8];
    for (int at = lane * 8; at < columns; at += 256) {
        read8(own + at, weight);
        read8(out + at, value);
#pragma unroll
        for (int i = 0; i < 8; i++) sum += weight[i] * value[i];
    }
    sum = warp_sum(sum);
    for (int at = lane * 8; at < columns; at += 256) {
        read8(own + at, weight);
        read8(out + at, value);
#pragma unroll
        for (int i = 0; i < 8; i++) value[i] = scale * weight[i] * (value[i] - sum);
        write8(out + at, value);
    }
}

#define ENTRIES(T)                                                                                        \
    extern "C" __global__ void __launch_bounds__(THREADS) softmax_##T(T *scores, int rows, int columns) { \
        softmax(scores, rows, columns);                                                                   \
    }                                                                                                     \
    extern "C" __global__ void __launch_bounds__(THREADS)                                                 \
        softmax_gradient_##T(const T *weights, T *gradient, int rows, int columns, float scale) {         \
        softmax_gradient(weights, gradient, rows, columns, scale);                                        \
    }

EACH_TYPE(ENTRIES)
#undef ENTRIES
