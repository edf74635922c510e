// One AdamW step and the moving average over flat f32 parameters, in place. corrections: 1 / (1 - beta^n).
extern "C" __global__ void adamw_ema(float *weights, float *first, float *second, float *average,
                                     const float *gradient, u64 count, float rate, float beta1, float beta2,
                                     float correction1, float correction2, float epsilon, float decay,
                                     float keep) {
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
