//! Turning shader text into pipelines, a few at a time, with the compiler's messages as errors.

use crate::health::one_line;
use crate::trusted::shader_module;
use crate::wgsl::Shader;
use crate::{Gpu, GpuError};

/// Pipelines compiled before the host's event loop gets its turn.
const AT_A_TIME: usize = 2;

/// Compiles the shaders, in order; `done` is told how many are ready.
pub(crate) async fn compile(
    gpu: &Gpu,
    shaders: &[Shader],
    mut done: impl FnMut(usize),
) -> Result<Vec<wgpu::ComputePipeline>, GpuError> {
    let mut pipelines = Vec::with_capacity(shaders.len());
    for few in shaders.chunks(AT_A_TIME) {
        let mut complaints = Vec::with_capacity(few.len());
        for shader in few {
            let scope = gpu.device.push_error_scope(wgpu::ErrorFilter::Validation);
            pipelines.push(create(gpu, shader));
            complaints.push((shader, scope.pop()));
        }
        // Waiting for the scopes is what yields: a browser answers them from its GPU process.
        for (shader, complaint) in complaints {
            if let Some(error) = complaint.await {
                gpu.check()?;
                return Err(GpuError::Shader {
                    kernel: shader.label.clone(),
                    message: one_line(&error.to_string()),
                });
            }
        }
        gpu.check()?;
        done(pipelines.len());
    }
    Ok(pipelines)
}

fn create(gpu: &Gpu, shader: &Shader) -> wgpu::ComputePipeline {
    let module = shader_module(
        &gpu.device,
        wgpu::ShaderModuleDescriptor {
            label: Some(&shader.label),
            source: wgpu::ShaderSource::Wgsl(shader.source.as_str().into()),
        },
    );
    gpu.device
        .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(&shader.label),
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        })
}
