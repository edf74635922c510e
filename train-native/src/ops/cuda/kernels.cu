// The kernels that no library has. Feature maps are [N, H, W, C], C a multiple of 8; arithmetic is in f32, whatever
// the storage. Compiled at run time by NVRTC, for the device at hand; no header is needed.

typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

struct bf16 {
    u16 bits;
};
struct f16 {
    u16 bits;
};

__device__ __forceinline__ float load(float v) { return v; }
__device__ __forceinline__ float load(bf16 v) { return __uint_as_float((u32)v.bits << 16); }
__device__ __forceinline__ float load(f16 v) {
    float out;
    asm("cvt.f32.f16 %0, %1;" : "=f"(out) : "h"(v.bits));
    return out;
}

__device__ __forceinline__ void store(float v, float &out) { out = v; }
__device__ __forceinline__ void store(float v, bf16 &out) { asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(out.bits) : "f"(v)); }
__device__ __forceinline__ void store(float v, f16 &out) { asm("cvt.rn.f16.f32 %0, %1;" : "=h"(out.bits) : "f"(v)); }

// Eight values, read and written in pieces of 16 bytes.
template <class T> struct alignas(16) Eight {
    T values[8];
};

template <class T> __device__ __forceinline__ void read8(const T *at, float (&out)[8]) {
    Eight<T> eight = *reinterpret_cast<const Eight<T> *>(at);
#pragma unroll
    for (int i = 0; i < 8; i++) out[i] = load(eight.values[i]);
}

template <class T> __device__ __forceinline__ void write8(T *at, const float (&values)[8]) {
    Eight<T> eight;
#pragma unroll
    for (int i = 0; i < 8; i++) store(values[i], eight.values[i]);
    *reinterpret_cast<Eight<T> *>(at) = eight;
}

// ---------------------------------------------------------------------------------------------- dropout

__device__ __forceinline__ u32 mix(u32 x) {
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

// The twin of cellflux_candle::dropout::Dropout: `place` is the index in [N, C, H, W].
__device__ __forceinline__ bool keeps(u32 place, u32 low, u32 high, u32 threshold) {
    return mix(mix(place ^ low) ^ high) >= threshold;
}

// ------------------------------------------------------------------------------------- group normalisation

constexpr int THREADS = 256;
constexpr int MOST_CHANNELS = 2048;
constexpr int GROUPS = 32;

// A block has THREADS / (C / 8) pixels at hand at a time; every thread stays with its eight channels.
struct Place {
    int vectors, rows, row, channel, first, last;
    bool idle;
    __device__ Place(int pixels, int channels) {
        vectors = channels / 8;
        rows = THREADS / vectors;
        row = threadIdx.x / vectors;
        channel = (threadIdx.x % vectors) * 8;
        int chunk = (pixels + gridDim.x - 1) / gridDim.x;
        first = blockIdx.x * chunk;
        last = min(pixels, first + chunk);
        idle = row >= rows;
    }
};

// Adds up two times eight sums over the rows of a block and writes them to out[2][C].
__device__ __forceinline__ void gather(const Place &place, int channels, const float (&a)[8], const float (&b)[8],
                                       float *out) {
    __shared__ float shared[THREADS * 16];
    if (!place.idle) {
        float *mine = shared + (place.row * place.vectors * 16) + place.channel * 2;
#pragma unroll
        for (int i = 0; i < 8; i++) {
            mine[i] = a[i];
            mine[8 + i] = b[i];
        }
    }
    __syncthreads();
    for (int at = threadIdx.x; at < 2 * channels; at += THREADS) {
        float sum = 0;
        for (int row = 0; row < place.rows; row++) sum += shared[row * place.vectors * 16 + at];
        // `at` is vector * 16 + which * 8 + i.
        out[((at / 8) % 2) * channels + (at / 16) * 8 + at % 8] = sum;
    }
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
__device__ void coefficients(const T *x, const float *partial, const float *affine, const float *film, float *out,
                             int pixels, int channels, int chunks) {
    __shared__ float means[MOST_CHANNELS], squares[MOST_CHANNELS];
    __shared__ float group_mean[GROUPS], group_scale[GROUPS];
    int n = blockIdx.x, depth = channels / GROUPS;
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
    if (threadIdx.x < GROUPS) {
        int first = threadIdx.x * depth;
        float mean = 0, square = 0;
        for (int i = 0; i < depth; i++) mean += means[first + i];
        mean /= depth;
        for (int i = 0; i < depth; i++) {
            float d = means[first + i] - mean;
            square += squares[first + i] + d * d * pixels;
        }
        group_mean[threadIdx.x] = mean;
        group_scale[threadIdx.x] = rsqrtf(fmaxf(square, 0.0f) / ((float)pixels * depth) + 1e-5f);
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
__device__ void normalise(const T *x, const float *coefficients, T *y, int pixels, int channels, u32 low, u32 high,
                          u32 threshold, float gain) {
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
__device__ __forceinline__ float through(float gradient, float z, u32 feature, u32 low, u32 high, u32 threshold,
                                         float gain) {
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
                float dz = through<SILU>(gradient[i], value[i] * a[i] + b[i], feature, low, high, threshold, gain);
                first[i] += dz;
                second[i] += dz * (value[i] * r[i] + m[i]);
            }
        }
    }
    gather(place, channels, first, second, partial + ((u64)blockIdx.y * gridDim.x + blockIdx.x) * 2 * channels);
}

// out [N, 6, C]: a, b, u, v with dx = dz a + x u + v, and the two sums. One block an image.
__device__ void normalise_fold(const float *partial, const float *coefficients, float *out, int pixels, int channels,
                               int chunks) {
    __shared__ float first[MOST_CHANNELS], second[MOST_CHANNELS];
    __shared__ float group_first[GROUPS], group_second[GROUPS];
    int n = blockIdx.x, depth = channels / GROUPS;
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
    if (threadIdx.x < GROUPS) {
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
__device__ void normalise_gradient(const T *x, const T *dy, const float *folded, T *dx, int pixels, int channels,
                                   u32 low, u32 high, u32 threshold, float gain) {
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
            float dz = through<SILU>(gradient[i], value[i] * a[i] + b[i], feature, low, high, threshold, gain);
            value[i] = dz * a[i] + value[i] * u[i] + v[i];
        }
        write8(dx + start + (u64)p * channels, value);
    }
}

// out: gradients of affine [2, C], then of film [N, 2 C] where there is one. A thread a channel.
__device__ void affine_gradient(const float *folded, const float *affine, const float *film, float *out, int images,
                                int channels) {
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= channels) return;
    float gain = 0, offset = 0;
    for (int n = 0; n < images; n++) {
        float first = folded[((u64)n * 6 + 4) * channels + c], second = folded[((u64)n * 6 + 5) * channels + c];
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

// ------------------------------------------------------------------------------------------- convolution

// weight [O, I, K] (K = 1 or 9) and bias [O] to [OP, K, IP] and [OP], filled up with zeros.
template <class S, class T>
__device__ void pack(const S *weight, const S *bias, T *out, int outputs, int inputs, int taps, int padded_outputs,
                     int padded_inputs) {
    u64 length = (u64)padded_outputs * taps * padded_inputs;
    for (u64 at = (u64)blockIdx.x * blockDim.x + threadIdx.x; at < length + padded_outputs;
         at += (u64)gridDim.x * blockDim.x) {
        float value = 0;
        if (at < length) {
            int i = at % padded_inputs, tap = (at / padded_inputs) % taps, o = at / padded_inputs / taps;
            if (i < inputs && o < outputs) value = load(weight[((u64)o * inputs + i) * taps + tap]);
        } else if (at - length < outputs) {
            value = load(bias[at - length]);
        }
        store(value, out[at]);
    }
}

// The way back for gradients: out is weight [O, I, K], then bias [O].
template <class S, class T>
__device__ void unpack(const T *packed, S *out, int outputs, int inputs, int taps, int padded_outputs,
                       int padded_inputs) {
    u64 length = (u64)outputs * inputs * taps;
    for (u64 at = (u64)blockIdx.x * blockDim.x + threadIdx.x; at < length + outputs;
         at += (u64)gridDim.x * blockDim.x) {
        u64 from;
        if (at < length) {
            int tap = at % taps, i = (at / taps) % inputs, o = at / taps / inputs;
            from = ((u64)o * taps + tap) * padded_inputs + i;
        } else {
            from = (u64)padded_outputs * taps * padded_inputs + (at - length);
        }
        store(load(packed[from]), out[at]);
    }
}

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

// --------------------------------------------------------------------------------------------- attention

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

// gradient of scores = scale weights (gradient - sum(weights gradient)), in place on the gradient of the weights.
template <class T> __device__ void softmax_gradient(const T *weights, T *gradient, int rows, int columns, float scale) {
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

// ------------------------------------------------------------------------------ resampling, concatenation

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

// Channels [start, start + part) of `whole` to `piece`, or back. In vectors of eight.
template <class T, bool BACK>
__device__ void copy_channels(T *whole, T *piece, u64 count, int all, int start, int part) {
    for (u64 at = (u64)blockIdx.x * blockDim.x + threadIdx.x; at < count; at += (u64)gridDim.x * blockDim.x) {
        u64 pixel = at / part;
        Eight<T> *inside = reinterpret_cast<Eight<T> *>(whole) + pixel * all + start + at % part;
        Eight<T> *own = reinterpret_cast<Eight<T> *>(piece) + at;
        if (BACK)
            *inside = *own;
        else
            *own = *inside;
    }
}

// --------------------------------------------------------------------------------------------- optimiser

// One AdamW step and the moving average over flat f32 parameters, in place. corrections: 1 / (1 - beta^n).
extern "C" __global__ void adamw_ema(float *weights, float *first, float *second, float *average,
                                     const float *gradient, u64 count, float rate, float beta1, float beta2,
                                     float correction1, float correction2, float epsilon, float decay, float keep) {
    for (u64 at = (u64)blockIdx.x * blockDim.x + threadIdx.x; at < count; at += (u64)gridDim.x * blockDim.x) {
        float g = gradient[at];
        float m = first[at] = beta1 * first[at] + (1.0f - beta1) * g;
        float v = second[at] = beta2 * second[at] + (1.0f - beta2) * g * g;
        float w = weights[at] * (1.0f - rate * decay);
        w -= rate * (m * correction1) / (sqrtf(v * correction2) + epsilon);
        weights[at] = w;
        average[at] = keep * average[at] + (1.0f - keep) * w;
    }
}

// ------------------------------------------------------------------------------------------- entry points

#define SAME(T)                                                                                                       \
    extern "C" __global__ void __launch_bounds__(256) moments_##T(const T *x, float *partial, int p, int c) {         \
        moments(x, partial, p, c);                                                                                    \
    }                                                                                                                 \
    extern "C" __global__ void coefficients_##T(const T *x, const float *partial, const float *affine,                \
                                                const float *film, float *out, int p, int c, int chunks) {            \
        coefficients(x, partial, affine, film, out, p, c, chunks);                                                    \
    }                                                                                                                 \
    extern "C" __global__ void __launch_bounds__(256)                                                                 \
        normalise_##T(const T *x, const float *k, T *y, int p, int c, u32 l, u32 h, u32 t, float g, int silu) {       \
        if (silu)                                                                                                     \
            normalise<T, true>(x, k, y, p, c, l, h, t, g);                                                            \
        else                                                                                                          \
            normalise<T, false>(x, k, y, p, c, l, h, t, g);                                                           \
    }                                                                                                                 \
    extern "C" __global__ void __launch_bounds__(256)                                                                 \
        normalise_sums_##T(const T *x, const T *dy, const float *k, float *partial, int p, int c, u32 l, u32 h,       \
                           u32 t, float g, int silu) {                                                                \
        if (silu)                                                                                                     \
            normalise_sums<T, true>(x, dy, k, partial, p, c, l, h, t, g);                                             \
        else                                                                                                          \
            normalise_sums<T, false>(x, dy, k, partial, p, c, l, h, t, g);                                            \
    }                                                                                                                 \
    extern "C" __global__ void __launch_bounds__(256)                                                                 \
        normalise_gradient_##T(const T *x, const T *dy, const float *k, T *dx, int p, int c, u32 l, u32 h, u32 t,     \
                               float g, int silu) {                                                                   \
        if (silu)                                                                                                     \
            normalise_gradient<T, true>(x, dy, k, dx, p, c, l, h, t, g);                                              \
        else                                                                                                          \
            normalise_gradient<T, false>(x, dy, k, dx, p, c, l, h, t, g);                                             \
    }                                                                                                                 \
    extern "C" __global__ void add_bias_##T(T *y, const T *bias, const T *residual, u64 count, int vectors) {         \
        add_bias(y, bias, residual, count, vectors);                                                                  \
    }                                                                                                                 \
    extern "C" __global__ void __launch_bounds__(256) column_sums_##T(const T *y, float *partial, int p, int c) {     \
        column_sums(y, partial, p, c);                                                                                \
    }                                                                                                                 \
    extern "C" __global__ void add_chunks_##T(const float *partial, T *out, int c, int chunks) {                      \
        add_chunks(partial, out, c, chunks);                                                                          \
    }                                                                                                                 \
    extern "C" __global__ void __launch_bounds__(256) softmax_##T(T *scores, int rows, int columns) {                 \
        softmax(scores, rows, columns);                                                                               \
    }                                                                                                                 \
    extern "C" __global__ void __launch_bounds__(256)                                                                 \
        softmax_gradient_##T(const T *weights, T *gradient, int rows, int columns, float scale) {                     \
        softmax_gradient(weights, gradient, rows, columns, scale);                                                    \
    }                                                                                                                 \
    extern "C" __global__ void gather_pixels_##T(const T *x, T *y, u64 count, int width, int vectors, float factor) { \
        gather_pixels(x, y, count, width, vectors, factor);                                                           \
    }                                                                                                                 \
    extern "C" __global__ void spread_pixels_##T(const T *x, T *y, u64 count, int width, int vectors, float factor) { \
        spread_pixels(x, y, count, width, vectors, factor);                                                           \
    }                                                                                                                 \
    extern "C" __global__ void take_channels_##T(T *whole, T *piece, u64 count, int all, int start, int part) {       \
        copy_channels<T, false>(whole, piece, count, all, start, part);                                               \
    }                                                                                                                 \
    extern "C" __global__ void put_channels_##T(T *whole, T *piece, u64 count, int all, int start, int part) {        \
        copy_channels<T, true>(whole, piece, count, all, start, part);                                                \
    }

SAME(float)
SAME(bf16)
SAME(f16)

#define PAIR(S, T)                                                                                                    \
    extern "C" __global__ void pack_##S##_##T(const S *weight, const S *bias, T *out, int o, int i, int taps, int po, \
                                              int pi) {                                                               \
        pack(weight, bias, out, o, i, taps, po, pi);                                                                  \
    }                                                                                                                 \
    extern "C" __global__ void unpack_##S##_##T(const T *packed, S *out, int o, int i, int taps, int po, int pi) {    \
        unpack(packed, out, o, i, taps, po, pi);                                                                      \
    }

PAIR(float, float)
PAIR(bf16, bf16)
PAIR(f16, f16)
PAIR(float, bf16)
PAIR(float, f16)

extern "C" __global__ void normalise_fold_f32(const float *partial, const float *k, float *out, int p, int c,
                                              int chunks) {
    normalise_fold(partial, k, out, p, c, chunks);
}
extern "C" __global__ void affine_gradient_f32(const float *folded, const float *affine, const float *film, float *out,
                                               int images, int channels) {
    affine_gradient(folded, affine, film, out, images, channels);
}
