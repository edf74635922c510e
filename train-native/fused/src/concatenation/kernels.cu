// Channels of one feature map to a section of another, or back.

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

#define ENTRIES(T)                                                                                  \
    extern "C" __global__ void take_channels_##T(T *whole, T *piece, u64 count, int all, int start, \
                                                 int part) {                                        \
        copy_channels<T, false>(whole, piece, count, all, start, part);                             \
    }                                                                                               \
    extern "C" __global__ void put_channels_##T(T *whole, T *piece, u64 count, int all, int start,  \
                                                int part) {                                         \
        copy_channels<T, true>(whole, piece, count, all, start, part);                              \
    }

EACH_TYPE(ENTRIES)
#undef ENTRIES
