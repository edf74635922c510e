//! A picture of a video, taken by `ffmpeg` where this machine has it.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

/// The picture at a time in seconds as JPEG; nothing where there is no `ffmpeg`.
///
/// # Errors
/// What `ffmpeg` says.
pub(crate) fn taken(video: &Path, at: f64) -> Result<Option<Vec<u8>>, String> {
    // As a whole path it is never taken for an option.
    let video = video.canonicalize().map_err(|error| error.to_string())?;
    let at = at.to_string();
    let made = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-ss", at.as_str(), "-i"])
        .arg(video)
        .args([
            "-frames:v",
            "1",
            "-f",
            "image2pipe",
            "-c:v",
            "mjpeg",
            "-q:v",
            "3",
            "pipe:1",
        ])
        .stdin(Stdio::null())
        .output();
    match made {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
        Ok(output) if output.status.success() && output.stdout.starts_with(b"\xff\xd8") => {
            Ok(Some(output.stdout))
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', " ");
            Err(if said.is_empty() {
                format!("no picture at {at} s, expected a time within the video")
            } else {
                said
            })
        }
    }
}
