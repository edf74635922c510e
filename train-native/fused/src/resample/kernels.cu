// 2x2 pixels to one, and one to 2x2.

// [N, 2 H, 2 W, C] to [N, H, W, C]: `factor` times the sum of each 2x2. count: vectors of the output.
template <class T>
__device__ void gather_pixels(const T *x, T *y, u64 count, int width, int vectors, float factor) {
    for (u64 at = (u64)blockIdx.x * blockDim.x + threadIdx.x; at < count; at += (u64)gridDim.x * blockDim.x) {
        u64 pixel = at / vectors, column = pixel % width, row = pixel / width;
        const T *from = x + ((row * 4 * width + column * 2) * vectors + at % vectors) * 8;
        u64 right = (u64)vectors * 8, down = right * 2 * width;
        float a[8], b[8], c[8], d[8];
        read8(from, a);
        read8(from + right, b);
        read8(from + down, c);
        read8(from + down + right, d);
#pragma unroll
        for (int i = 0; i < 8; i++) a[i] = (a[i] + b[i] + c[i] + d[i]) * factor;
        write8(y + at * 8, a);
    }
}

// [N, H, W, C] to [N, 2 H, 2 W, C]: every pixel `factor` times to a 2x2. count: vectors of the input.
template <class T>
__device__ void spread_pixels(const T *x, T *y, u64 count, int width, int vectors, float factor) {
    for (u64 at = (u64)blockIdx.x * blockDim.x + threadIdx.x; at < count; at += (u64)gridDim.x * blockDim.x) {
        u64 pixel = at / vectors, column = pixel % width, row = pixel / width;
        T *to = y + ((row * 4 * width + column * 2) * vectors + at % vectors) * 8;
        u64 right = (u64)vectors * 8, down = right * 2 * width;
        float value[8];
        read8(x + at * 8, value);
#pragma unroll
        for (int i = 0; i < 8; i++) value[i] *= factor;
        write8(to, value);
        write8(to + right, value);
        write8(to + down, value);
        write8(to + down + right, value);
    }
}

#define ENTRIES(T)                                                                                    \
    extern "C" __global__ void gather_pixels_##T(const T *x, T *y, u64 count, int width, int vectors, \
                                                 float factor) {                                      \
        gather_pixels(x, y, count, width, vectors, factor);                                           \
    }                                                                                                 \
    extern "C" __global__ void spread_pixels_##T(const T *x, T *y, u64 count, int width, int vectors, \
                                                 float factor) {                                      \
        spread_pixels(x, y, count, width, vectors, factor);                                           \
    }

EACH_TYPE(ENTRIES)
#undef ENTRIES
