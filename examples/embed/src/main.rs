//! Embeds the engine: check, call, swap a text, call again.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use ithaca::{Engine, Value};

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
    Ok(())
}
