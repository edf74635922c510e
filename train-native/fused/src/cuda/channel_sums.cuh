// Sums over pixels, channel by channel: how a block takes its share of a feature map, and adds up what its
// threads found.

// The channels that a block has threads for, eight each.
constexpr int MOST_CHANNELS = 8 * THREADS;

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
__device__ __forceinline__ void gather(const Place &place, int channels, const float (&a)[8],
                                       const float (&b)[8], float *out) {
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
