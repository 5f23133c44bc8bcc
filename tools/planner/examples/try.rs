use planner::*;
fn main() {
    for g in generators::Generator::ALL { for seed in generators::SEEDS {
        if std::env::args().nth(1).is_some_and(|n| n != g.name()) { continue }
        if std::env::args().nth(2).is_some_and(|n| n != seed.to_string()) { continue }
        let t = std::time::Instant::now();
        let trace = g.trace(seed);
        let demand = demand::Demand::of(&trace);
        let cond = weeks::Conditions { max_nodes: g.max_nodes(), timings: timings::Timings::REPORTED, seed };
        let weeks = weeks::Weeks::simulate(&trace, &demand, &cond, candidate::Candidate::all(&[1]), &|| ());
        let j = judge::judge(&trace, &demand, &cond, &weeks, choice::Objective::Balanced);
        println!("## {} {seed}: {} jobs/week, {:?}, pattern {:?}", g.name(), trace.jobs.len()/8, t.elapsed(), (1..8).map(|w| (choice::pattern(&demand, w)*100.0) as i32).collect::<Vec<_>>());
        let d = j.baselines[0].1.clone();
        for (n, f) in std::iter::once(&("plan", j.plan.clone())).chain(&j.baselines) {
            println!("{n:50} {:8.0} h {:5.2}  p50 {:4} p95 {:5} {:5.2} worst {}", f.node_hours, f.node_hours/d.node_hours, f.waits.percentile(50.0), f.p95(), f.p95() as f64 / d.p95() as f64, f.waits.percentile(100.0));
        }
        for (c, ch) in &j.choices { println!("   {:?} {:?}", ch.reason, c); }
        // oracle: best in hindsight
        let r = j.weeks.clone();
        let mut best: Vec<_> = (0..weeks.candidates.len()).filter_map(|c| Some((c, weeks.sum(c, r.clone())?))).filter(|(_, f)| f.node_hours <= d.node_hours*1.25).collect();
        best.sort_by_key(|(_, f)| f.p95());
        for (c, f) in best.iter().take(2) { println!("   hindsight {:.2} {:.2} {:?}", f.node_hours/d.node_hours, f.p95() as f64 / d.p95() as f64, weeks.candidates[*c]); }
    } }
}
