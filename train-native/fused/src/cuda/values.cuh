// The number types of the kernels, and values in pieces of 16 bytes. Feature maps are [N, H, W, C], C a
// multiple of 8; arithmetic is in f32, whatever the storage.
//
// All kernels are one translation unit, which NVRTC compiles at run time for the device at hand; no header of
// CUDA is needed. `cuda/kernels.rs` puts the files together and defines THREADS, NORM_GROUPS and
// NORM_EPSILON.

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
__device__ __forceinline__ void store(float v, bf16 &out) {
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(out.bits) : "f"(v));
}
__device__ __forceinline__ void store(float v, f16 &out) {
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(out.bits) : "f"(v));
}

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

// Every kernel on one number type is there for the three that feature maps have.
#define EACH_TYPE(ENTRIES) ENTRIES(float) ENTRIES(bf16) ENTRIES(f16)
