// Reading the fields of a record.

/** A field as a number. */
export function number(record: usize, field: i32): f64 {
  return load<f64>(record + ((<usize>field) << 3))
}

/** A field as a whole number. */
export function integer(record: usize, field: i32): i32 {
  return <i32>load<f64>(record + ((<usize>field) << 3))
}

/** A field as an address. */
export function address(record: usize, field: i32): usize {
  return <usize>(<u32>load<f64>(record + ((<usize>field) << 3)))
}
