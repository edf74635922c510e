// Group normalisation with what follows it, and its gradient. The formulas are in `group_norm/mod.rs`.

__device__ __forceinline__ u32 mix(u32 x) {
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

// The twin of cellflux_candle::dropout::Dropout: `place` is the index in [N, C, H, W].
__device__ __forceinline__ bool keeps(u32 place, u32 low, u32 high, u32 threshold) {
    return mix(mix(place ^ low) ^ high) >= threshold;
}

// Per image, chunk and channel: sums of x - x[first pixel] and of its square. partial: [N, chunks, 2, C].
template <class T> __device__ void moments(const T *x, float *partial, int pixels, int channels) {
    Place place(pixels, channels);
    const T *image = x + (u64)blockIdx.y * pixels * channels + place.channel;
    float sum[8] = {}, square[8] = {}, origin[8], value[8];
    if (!place.idle) {
        read8(image, origin);
#pragma unroll 4
        for (int p = place.first + place.row; p < place.last; p += place.rows) {
            read8(image + (u64)p * channels, value);
#pragma unroll
            for (int i = 0; i < 8; i++) {
                float d = value[i] - origin[i];
                sum[i] += d;
                square[i] += d * d;
            }
        }
    }
    gather(place, channels, sum, square, partial + ((u64)blockIdx.y * gridDim.x + blockIdx.x) * 2 * channels);
}

// coefficients [N, 4, C]: y = x a + b before the activation, xhat = x r + m. One block an image.
// affine: [2, C] gain and offset; film: [N, 2 C] scale and shift, or null.
template <class T>
__device__ void coefficients(const T *x, const float *partial, const float *affine, const float *film,
                             float *out, int pixels, int channels, int chunks) {
    __shared__ float means[MOST_CHANNELS], squares[MOST_CHANNELS];
    __shared__ float group_mean[NORM_GROUPS], group_scale[NORM_GROUPS];
    int n = blockIdx.x, depth = channels / NORM_GROUPS;
    for (int c = threadIdx.x; c < channels; c += blockDim.x) {
        float sum = 0, square = 0;
        for (int chunk = 0; chunk < chunks; chunk++) {
            const float *at = partial + ((u64)n * chunks + chunk) * 2 * channels + c;
            sum += at[0];
            square += at[channels];
        }
        float mean = sum / pixels;
        means[c] = load(x[(u64)n * pixels * channels + c]) + mean;
        squares[c] = square - sum * mean;
    }
    __syncthreads();
    if (threadIdx.x < NORM_GROUPS) {
        int first = threadIdx.x * depth;
        float mean = 0, square = 0;
        for (int i = 0; i < depth; i++) mean += means[first + i];
        mean /= depth;
        for (int i = 0; i < depth; i++) {
            float d = means[first + i] - mean;
            square += squares[first + i] + d * d * pixels;
        }
        group_mean[threadIdx.x] = mean;
        group_scale[threadIdx.x] = rsqrtf(fmaxf(square, 0.0f) / ((float)pixels * depth) + NORM_EPSILON);
    }
    __syncthreads();
    for (int c = threadIdx.x; c < channels; c += blockDim.x) {
        float r = group_scale[c / depth], m = -group_mean[c / depth] * r;
        float gain = affine[c], offset = affine[channels + c];
        if (film) {
            float scale = 1.0f + film[(u64)n * 2 * channels + c];
            gain *= scale;
            offset = offset * scale + film[(u64)n * 2 * channels + channels + c];
        }
        float *at = out + (u64)n * 4 * channels + c;
        at[0] = r * gain;
        at[channels] = m * gain + offset;
        at[2 * channels] = r;
        at[3 * channels] = m;
    }
}

__device__ __forceinline__ void read_coefficients(const float *at, float (&out)[8]) {
#pragma unroll
    for (int i = 0; i < 8; i++) out[i] = at[i];
}

// y = dropout(activation(x a + b)). threshold 0: nothing is dropped.
template <class T, bool SILU>
__device__ void normalise(const T *x, const float *coefficients, T *y, int pixels, int channels, u32 low,
                          u32 high, u32 threshold, float gain) {
    Place place(pixels, channels);
    if (place.idle) return;
    u64 start = (u64)blockIdx.y * pixels * channels + place.channel;
    const float *own = coefficients + (u64)blockIdx.y * 4 * channels + place.channel;
    float a[8], b[8], value[8];
    read_coefficients(own, a);
    read_coefficients(own + channels, b);
#pragma unroll 2
    for (int p = place.first + place.row; p < place.last; p += place.rows) {
        read8(x + start + (u64)p * channels, value);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            float z = value[i] * a[i] + b[i];
            float out = SILU ? z / (1.0f + __expf(-z)) : z;
            if (threshold) {
                u32 feature = (blockIdx.y * channels + place.channel + i) * pixels + p;
                out = keeps(feature, low, high, threshold) ? out * gain : 0.0f;
            }
            value[i] = out;
        }
        write8(y + start + (u64)p * channels, value);
    }
}

// The gradient before the activation, of a gradient after dropout.
template <bool SILU>
__device__ __forceinline__ float through(float gradient, float z, u32 feature, u32 low, u32 high,
                                         u32 threshold, float gain) {
    if (threshold) gradient = keeps(feature, low, high, threshold) ? gradient * gain : 0.0f;
    if (!SILU) return gradient;
    float s = 1.0f / (1.0f + __expf(-z));
    return gradient * s * (1.0f + z * (1.0f - s));
}

// Per image, chunk and channel: sums of dz and of dz xhat. partial: [N, chunks, 2, C].
template <class T, bool SILU>
__device__ void normalise_sums(const T *x, const T *dy, const float *coefficients, float *partial, int pixels,
                               int channels, u32 low, u32 high, u32 threshold, float gain) {
    Place place(pixels, channels);
    float first[8] = {}, second[8] = {};
    if (!place.idle) {
        u64 start = (u64)blockIdx.y * pixels * channels + place.channel;
        const float *own = coefficients + (u64)blockIdx.y * 4 * channels + place.channel;
        float a[8], b[8], r[8], m[8], value[8], gradient[8];
        read_coefficients(own, a);
        read_coefficients(own + channels, b);
        read_coefficients(own + 2 * channels, r);
        read_coefficients(own + 3 * channels, m);
#pragma unroll 2
        for (int p = place.first + place.row; p < place.last; p += place.rows) {
            read8(x + start + (u64)p * channels, value);
            read8(dy + start + (u64)p * channels, gradient);
#pragma unroll
            for (int i = 0; i < 8; i++) {
                u32 feature = (blockIdx.y * channels + place.channel + i) * pixels + p;
                float dz =
                    through<SILU>(gradient[i], value[i] * a[i] + b[i], feature, low, high, threshold, gain);
                first[i] += dz;
                second[i] += dz * (value[i] * r[i] + m[i]);
            }
        }
    }
    gather(place, channels, first, second,
           partial + ((u64)blockIdx.y * gridDim.x + blockIdx.x) * 2 * channels);
}

// out [N, 6, C]: a, b, u, v with dx = dz a + x u + v, and the two sums. One block an image.
__device__ void normalise_fold(const float *partial, const float *coefficients, float *out, int pixels,
                               int channels, int chunks) {
    __shared__ float first[MOST_CHANNELS], second[MOST_CHANNELS];
    __shared__ float group_first[NORM_GROUPS], group_second[NORM_GROUPS];
    int n = blockIdx.x, depth = channels / NORM_GROUPS;
    const float *own = coefficients + (u64)n * 4 * channels;
    float *to = out + (u64)n * 6 * channels;
    for (int c = threadIdx.x; c < channels; c += blockDim.x) {
        float a = 0, b = 0;
        for (int chunk = 0; chunk < chunks; chunk++) {
            const float *at = partial + ((u64)n * chunks + chunk) * 2 * channels + c;
            a += at[0];
            b += at[channels];
        }
        // a / r is the gain.
        float gain = own[c] / own[2 * channels + c];
        first[c] = a * gain;
        second[c] = b * gain;
        to[4 * channels + c] = a;
        to[5 * channels + c] = b;
    }
    __syncthreads();
    if (threadIdx.x < NORM_GROUPS) {
        float a = 0, b = 0;
        for (int i = 0; i < depth; i++) {
            a += first[threadIdx.x * depth + i];
            b += second[threadIdx.x * depth + i];
        }
        group_first[threadIdx.x] = a / ((float)pixels * depth);
        group_second[threadIdx.x] = b / ((float)pixels * depth);
    }
    __syncthreads();
    for (int c = threadIdx.x; c < channels; c += blockDim.x) {
        float r = own[2 * channels + c], m = own[3 * channels + c];
        float a = group_first[c / depth], b = group_second[c / depth];
        to[c] = own[c];
        to[channels + c] = own[channels + c];
        to[2 * channels + c] = -r * r * b;
        to[3 * channels + c] = -r * (a + m * b);
    }
}

template <class T, bool SILU>
__device__ void normalise_gradient(const T *x, const T *dy, const float *folded, T *dx, int pixels,
                                   int channels, u32 low, u32 high, u32 threshold, float gain) {
    Place place(pixels, channels);
    if (place.idle) return;
    u64 start = (u64)blockIdx.y * pixels * channels + place.channel;
    const float *own = folded + (u64)blockIdx.y * 6 * channels + place.channel;
    float a[8], b[8], u[8], v[8], value[8], gradient[8];
    read_coefficients(own, a);
    read_coefficients(own + channels, b);
    read_coefficients(own + 2 * channels, u);
    read_coefficients(own + 3 * channels, v);
#pragma unroll 2
    for (int p = place.first + place.row; p < place.last; p += place.rows) {
        read8(x + start + (u64)p * channels, value);
        read8(dy + start + (u64)p * channels, gradient);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            u32 feature = (blockIdx.y * channels + place.channel + i) * pixels + p;
            float dz =
                through<SILU>(gradient[i], value[i] * a[i] + b[i], feature, low, high, threshold, gain);
            value[i] = dz * a[i] + value[i] * u[i] + v[i];
        }
        write8(dx + start + (u64)p * channels, value);
    }
}

// out: gradients of affine [2, C], then of film [N, 2 C] where there is one. A thread a channel.
__device__ void affine_gradient(const float *folded, const float *affine, const float *film, float *out,
                                int images, int channels) {
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= channels) return;
    float gain = 0, offset = 0;
    for (int n = 0; n < images; n++) {
        float first = folded[((u64)n * 6 + 4) * channels + c],
              second = folded[((u64)n * 6 + 5) * channels + c];
        float scale = 1.0f;
        if (film) {
            scale += film[(u64)n * 2 * channels + c];
            float *to = out + 2 * channels + (u64)n * 2 * channels + c;
            to[0] = second * affine[c] + first * affine[channels + c];
            to[channels] = first;
        }
        gain += second * scale;
        offset += first * scale;
    }
    out[c] = gain;
    out[channels + c] = offset;
}

#define ENTRIES(T)                                                                                         \
    extern "C" __global__ void __launch_bounds__(THREADS)                                                  \
        moments_##T(const T *x, float *partial, int p, int c) {                                            \
        moments(x, partial, p, c);                                                                         \
    }                                                                                                      \
    extern "C" __global__ void coefficients_##T(const T *x, const float *partial, const float *affine,     \
                                                const float *film, float *out, int p, int c, int chunks) { \
        coefficients(x, partial, affine, film, out, p, c, chunks);                                         \
    }                                                                                                      \
    extern "C" __global__ void __launch_bounds__(THREADS) normalise_##T(                                   \
        const T *x, const float *k, T *y, int p, int c, u32 l, u32 h, u32 t, float g, int silu) {          \
        if (silu)                                                                                          \
            normalise<T, true>(x, k, y, p, c, l, h, t, g);                                                 \
        else                                                                                               \
            normalise<T, false>(x, k, y, p, c, l, h, t, g);                                                \
    }                                                                                                      \
    extern "C" __global__ void __launch_bounds__(THREADS)                                                  \
        normalise_sums_##T(const T *x, const T *dy, const float *k, float *partial, int p, int c, u32 l,   \
                           u32 h, u32 t, float g, int silu) {                                              \
        if (silu)                                                                                          \
            normalise_sums<T, true>(x, dy, k, partial, p, c, l, h, t, g);                                  \
        else                                                                                               \
            normalise_sums<T, false>(x, dy, k, partial, p, c, l, h, t, g);                                 \
    }                                                                                                      \
    extern "C" __global__ void __launch_bounds__(THREADS)                                                  \
        normalise_gradient_##T(const T *x, const T *dy, const float *k, T *dx, int p, int c, u32 l, u32 h, \
                               u32 t, float g, int silu) {                                                 \
        if (silu)                                                                                          \
            normalise_gradient<T, true>(x, dy, k, dx, p, c, l, h, t, g);                                   \
        else                                                                                               \
            normalise_gradient<T, false>(x, dy, k, dx, p, c, l, h, t, g);                                  \
    }

EACH_TYPE(ENTRIES)
#undef ENTRIES

extern "C" __global__ void normalise_fold_f32(const float *partial, const float *k, float *out, int p, int c,
                                              int chunks) {
    normalise_fold(partial, k, out, p, c, chunks);
}
extern "C" __global__ void affine_gradient_f32(const float *folded, const float *affine, const float *film,
                                               float *out, int images, int channels) {
    affine_gradient(folded, affine, film, out, images, channels);
}
