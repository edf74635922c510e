//! Every tile at every site of a network on this machine's adapter: `cargo bench -p cellflux-tests --bench
//! tiles`.
//!
//! Each tile's output is compared with that of the plainest kernel before its time counts. The defaults of
//! `cellflux_wgpu::Tuning` are set from the best ones; the network is then run with them, kernel by kernel.

use std::time::Instant;

use anyhow::Context;
use cellflux_bundle::config::UNetConfig;
use cellflux_tests::random_network::random_state_dict;
use cellflux_wgpu::{
    Gpu, KernelTime, Limits, Plan, Precision, Probe, Site, Tile, Tuning, Wanted, WgpuEngine,
};
use clap::Parser;

/// GFLOP/s of every tile at every site of a network.
#[derive(Parser)]
struct Args {
    /// Preset of the network.
    #[arg(long, default_value = "cellflux-bbbc021")]
    network: String,
    /// Side of the image.
    #[arg(long, default_value_t = 96)]
    side: usize,
    /// Images at once.
    #[arg(long, default_value_t = 2)]
    images: usize,
    /// Storage: f32, f16 or both.
    #[arg(long, value_delimiter = ',', default_value = "f32,f16")]
    dtypes: Vec<Precision>,
    /// Tiles to try besides the tuner's candidates.
    #[arg(long, value_delimiter = ',')]
    tiles: Vec<Tile>,
    /// Only these tiles, without the tuner's candidates.
    #[arg(long)]
    only: bool,
    /// Sites with less than this part of the network's convolutions keep the defaults.
    #[arg(long, default_value_t = 0.01)]
    share: f64,
    /// Rounds, of which the best counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only this site, in the words of `Site`: "3 1 9216 64 64 f32 normed" is kernel, stride, pixels, quads
    /// in, quads out, storage, input. Adds the time of each kernel of a tile, where the adapter has time
    /// stamps.
    #[arg(long)]
    site: Option<Site>,
    /// Leave out the timing of the whole network.
    #[arg(long)]
    sites_only: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let config = UNetConfig::preset(&args.network).context("no such preset")?;
    let size = [args.side; 2];
    let wanted = Wanted {
        timestamps: true,
        ..Wanted::for_plan(&Plan::new(
            &config,
            size,
            args.images,
            Precision::F32,
            &Tuning::default(),
        )?)
    };
    let gpu = pollster::block_on(Gpu::request(wanted))?;
    println!("{}", gpu.report());
    let weights = random_state_dict(&config, 1);
    for precision in &args.dtypes {
        if *precision == Precision::F16 && !gpu.report().half_precision {
            println!("f16 is left out: the adapter has none");
            continue;
        }
        let defaults = Tuning::of(gpu.report());
        if !args.sites_only {
            println!("== {} {precision}, default tiles", args.network);
            pollster::block_on(profile(&gpu, &config, &weights, &args, *precision, &defaults))?;
        }
        let tuned = pollster::block_on(sweep(&gpu, &config, &args, *precision))?;
        if !args.sites_only {
            println!("== {} {precision}, best tiles", args.network);
            pollster::block_on(profile(&gpu, &config, &weights, &args, *precision, &tuned))?;
        }
    }
    Ok(())
}

/// A tile at a site.
struct Entrant {
    tile: Tile,
    probe: Probe,
    /// Relative distance of its output from the plainest kernel's.
    error: f64,
    /// Seconds from the start to the first output.
    first: f64,
    /// Runs of a round.
    times: usize,
    /// Of a run, in the best round.
    seconds: f64,
}

/// Tries the tiles at every site; returns the best.
async fn sweep(gpu: &Gpu, config: &UNetConfig, args: &Args, precision: Precision) -> anyhow::Result<Tuning> {
    let mut tuning = Tuning::of(gpu.report());
    let plan = Plan::new(config, [args.side; 2], args.images, precision, &tuning)?;
    let total: f64 = plan.sites().values().sum();
    let clock = Instant::now();
    // A GPU that idled while the CPU made numbers needs some time to clock up again.
    let milliseconds = if gpu.report().software { 0.0 } else { 30.0 };
    let sites: Vec<(Site, f64)> = match args.site {
        Some(site) => vec![(site, total)],
        None => plan.sites().iter().map(|(site, flops)| (*site, *flops)).collect(),
    };
    for (site, flops) in &sites {
        if flops / total < args.share {
            continue;
        }
        println!("site {site}: {:.1} % of the convolutions", 100.0 * flops / total);
        let plain = Tile::Registers { pixels: 1, quads: 1 };
        let expected = Probe::new(gpu, *site, args.images as u32, plain)
            .await?
            .output()
            .await?;
        let mut tiles = args.tiles.clone();
        if !args.only {
            tiles.extend(tuning.candidates(site));
        }
        let mut entrants = Vec::new();
        for tile in tiles.into_iter().filter(|tile| tuning.suits(*tile, site)) {
            let started = Instant::now();
            match Probe::new(gpu, *site, args.images as u32, tile).await {
                Ok(probe) => {
                    let error = Probe::distance(&probe.output().await?, &expected);
                    let first = started.elapsed().as_secs_f64();
                    let now = || clock.elapsed().as_secs_f64();
                    let once = probe.time(1, 1, &now).await?;
                    let times = (milliseconds / (once * 1e3)).ceil().clamp(1.0, 400.0) as usize;
                    entrants.push(Entrant {
                        tile,
                        probe,
                        error,
                        first,
                        times,
                        seconds: f64::INFINITY,
                    });
                }
                Err(error) => println!("  {tile}: {error}"),
            }
        }
        // In turn, so that a machine that gets busy or warm affects all of them alike.
        let mut rate = 0.0_f64;
        for _ in 0..args.rounds {
            let now = || clock.elapsed().as_secs_f64();
            rate = rate.max(Limits::measure(gpu, now).await?.fma_f32);
            for entrant in &mut entrants {
                let seconds = entrant.probe.time(1, entrant.times, &now).await?;
                entrant.seconds = entrant.seconds.min(seconds);
            }
        }
        let mut results = Vec::new();
        for entrant in &entrants {
            let Entrant {
                tile, probe, error, ..
            } = entrant;
            let flops = probe.flops() / entrant.seconds;
            println!(
                "  {tile:32} {:9.3} ms {:9.1} GFLOP/s {:5.0} % of the FMA rate  error {error:.1e}  first \
                {:.2} s",
                entrant.seconds * 1e3,
                flops / 1e9,
                100.0 * flops / rate,
                entrant.first
            );
            if args.site.is_some()
                && let Ok(calls) = probe.profile().await
            {
                for kernel in KernelTime::of(&calls) {
                    println!("    {kernel}");
                }
            }
            if *error < Probe::rounding(site.precision) {
                results.push((entrant.seconds, *tile));
            }
        }
        if let Some((_, tile)) = results.iter().min_by(|a, b| a.0.total_cmp(&b.0)) {
            println!("  best: {tile}");
            tuning.set(*site, *tile);
        }
    }
    Ok(tuning)
}

/// Runs the network and prints its time, as a whole and kernel by kernel.
async fn profile(
    gpu: &Gpu,
    config: &UNetConfig,
    weights: &cellflux_bundle::state_dict::StateDict,
    args: &Args,
    precision: Precision,
    tuning: &Tuning,
) -> anyhow::Result<()> {
    use cellflux_flow::field::Engine as _;
    let batch = args.images;
    let mut engine = WgpuEngine::tuned(
        gpu,
        config,
        weights,
        [args.side; 2],
        batch,
        precision,
        tuning.clone(),
        |_| {},
    )
    .await?;
    let values = cellflux_flow::noise::source_noise(1, batch * config.in_channels * args.side * args.side);
    let x = engine.upload(&values)?;
    let mut times = Vec::new();
    for _ in 0..8 {
        let started = Instant::now();
        let velocity = engine.evaluate(&x, &vec![0.5; batch], &vec![None; batch])?;
        let velocity = engine.read(&velocity).await?;
        times.push(started.elapsed().as_secs_f64());
        anyhow::ensure!(
            velocity.iter().all(|v| v.is_finite()),
            "numbers that are not finite"
        );
    }
    times.sort_by(f64::total_cmp);
    println!(
        "median of 8: {:.2} ms, least {:.2} ms",
        times[4] * 1e3,
        times[0] * 1e3
    );
    let calls = match engine.profile(batch).await {
        Ok(calls) => calls,
        Err(error) => {
            println!("no profile: {error}");
            return Ok(());
        }
    };
    for kernel in KernelTime::of(&calls) {
        println!("  {kernel}");
    }
    let mut slowest: Vec<_> = calls.iter().collect();
    slowest.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    for call in slowest.iter().take(14) {
        println!(
            "    {:36} {:24} {:8.3} ms {:9.1} GFLOP/s",
            call.layer,
            call.kernel,
            call.seconds * 1e3,
            call.flops / call.seconds / 1e9
        );
    }
    Ok(())
}
