// A bias and a residual added to a feature map, and the gradient of the bias.

// y += bias, and += residual where there is one. vectors: C / 8.
template <class T> __device__ void add_bias(T *y, const T *bias, const T *residual, u64 count, int vectors) {
    for (u64 at = (u64)blockIdx.x * blockDim.x + threadIdx.x; at < count; at += (u64)gridDim.x * blockDim.x) {
        float value[8], add[8];
        read8(y + at * 8, value);
        read8(bias + (at % vectors) * 8, add);
#pragma unroll
        for (int i = 0; i < 8; i++) value[i] += add[i];
        if (residual) {
            read8(residual + at * 8, add);
#pragma unroll
            for (int i = 0; i < 8; i++) value[i] += add[i];
        }
        write8(y + at * 8, value);
    }
}

// Sums over all pixels, chunk by chunk: partial [chunks, 2, C], of which the second half is unused.
template <class T> __device__ void column_sums(const T *y, float *partial, int pixels, int channels) {
    Place place(pixels, channels);
    float sum[8] = {}, none[8] = {}, value[8];
    if (!place.idle) {
#pragma unroll 4
        for (int p = place.first + place.row; p < place.last; p += place.rows) {
            read8(y + (u64)p * channels + place.channel, value);
#pragma unroll
            for (int i = 0; i < 8; i++) sum[i] += value[i];
        }
    }
    gather(place, channels, sum, none, partial + (u64)blockIdx.x * 2 * channels);
}

template <class T> __device__ void add_chunks(const float *partial, T *out, int channels, int chunks) {
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= channels) return;
    float sum = 0;
    for (int chunk = 0; chunk < chunks; chunk++) sum += partial[(u64)chunk * 2 * channels + c];
    store(sum, out[c]);
}

#define ENTRIES(T)                                                                               \
    extern "C" __global__ void add_bias_##T(T *y, const T *bias, const T *residual, u64 count,   \
                                            int vectors) {                                       \
        add_bias(y, bias, residual, count, vectors);                                             \
    }                                                                                            \
    extern "C" __global__ void __launch_bounds__(THREADS)                                        \
        column_sums_##T(const T *y, float *partial, int p, int c) {                              \
        column_sums(y, partial, p, c);                                                           \
    }                                                                                            \
    extern "C" __global__ void add_chunks_##T(const float *partial, T *out, int c, int chunks) { \
        add_chunks(partial, out, c, chunks);                                                     \
    }

EACH_TYPE(ENTRIES)
#undef ENTRIES
