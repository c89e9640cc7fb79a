//! medley
fn main(){}
