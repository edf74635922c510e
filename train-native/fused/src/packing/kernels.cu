// Kernels and biases of convolutions, to the order that cuDNN takes and back.

// weight [O, I, K] (K = 1 or 9) and bias [O] to [OP, K, IP] and [OP], filled up with zeros.
template <class S, class T>
__device__ void pack(const S *weight, const S *bias, T *out, int outputs, int inputs, int taps,
                     int padded_outputs, int padded_inputs) {
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

// S is the type of the parameters, T that of feature maps.
#define PAIR(S, T)                                                                                       \
    extern "C" __global__ void pack_##S##_##T(const S *weight, const S *bias, T *out, int o, int i,      \
                                              int taps, int po, int pi) {                                \
        pack(weight, bias, out, o, i, taps, po, pi);                                                     \
    }                                                                                                    \
    extern "C" __global__ void unpack_##S##_##T(const T *packed, S *out, int o, int i, int taps, int po, \
                                                int pi) {                                                \
        unpack(packed, out, o, i, taps, po, pi);                                                         \
    }

PAIR(float, float)
PAIR(bf16, bf16)
PAIR(f16, f16)
PAIR(float, bf16)
PAIR(float, f16)
#undef PAIR
