//! Embeds the engine: check, call, swap a text, call again; and a program that lives while its texts change.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use ithaca::{Engine, Limits, Value};

fn main() -> anyhow::Result<()> {
    let mut engine = Engine::in_memory([
        ("shop/price.nos", "pub gross(net: Int) -> Int = net + net * 19 / 100"),
        ("main.nos", "use shop.price.*\nmain() = gross(200)"),
    ]);
    anyhow::ensure!(engine.check().is_empty(), "the project has no problems");
    println!("{:?}", engine.call("shop.price.gross", &[Value::Int(100)])?);

    engine.set_text("shop/price.nos", "pub gross(net: Int) -> Int = net + net * 7 / 100");
    println!("{:?}", engine.call("main.main", &[])?);

    engine.set_text("shop/price.nos", "pub gross(net: Int) -> Int = \"free\"");
    for problem in engine.check() {
        println!("{}: {}", problem.severity.as_str(), problem.message);
    }
    live()
}

/// Module variables survive; new code is used from the install on, not from the edit.
fn live() -> anyhow::Result<()> {
    let till = |per_cent: i32| {
        format!(
            "mvar sum: Int = 0\npub sell(net: Int) = {{ sum = sum + net + net * {per_cent} / 100; sum }}\nmain() = sum"
        )
    };
    let mut engine = Engine::in_memory([("main.nos", till(19))]);
    let mut program = engine.start(Limits::default())?;
    println!("{:?}", program.call("main.sell", &[Value::Int(100)])?);

    engine.set_text("main.nos", till(7));
    println!("{:?}", program.call("main.sell", &[Value::Int(100)])?);
    let installed = program.install(&mut engine)?;
    println!("installed {}", installed.changed.join(", "));
    println!("{:?}", program.call("main.sell", &[Value::Int(100)])?);
    Ok(())
}
