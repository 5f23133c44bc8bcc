//! Formatting of doubles as in Batch's results: six significant digits, like C's `%g`.

use std::fmt;

/// Formats a number with six significant digits: `2`, `96.6667`, `1e+06`, `inf`, `nan`.
pub(crate) fn show(number: f64) -> impl fmt::Display {
    Shown(number)
}

struct Shown(f64);

const DIGITS: i32 = 6;

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0;
        if number.is_nan() {
            return f.write_str("nan");
        }
        if number.is_infinite() {
            return f.write_str(if number < 0.0 { "-inf" } else { "inf" });
        }
        if number == number.trunc() && number.abs() < 1e6 {
            return write!(f, "{}", number as i32);
        }
        let scientific = format!("{number:.*e}", DIGITS as usize - 1);
        let (mantissa, exponent) =
            scientific.split_once('e').expect("the exponent of a finite number is written");
        let exponent: i32 = exponent.parse().expect("the exponent is an integer");
        if (-4..DIGITS).contains(&exponent) {
            let decimals = (DIGITS - 1 - exponent) as usize;
            f.write_str(without_trailing_zeros(&format!("{number:.decimals$}")))
        } else {
            let sign = if exponent < 0 { '-' } else { '+' };
            write!(f, "{}e{sign}{:02}", without_trailing_zeros(mantissa), exponent.abs())
        }
    }
}

fn without_trailing_zeros(decimal: &str) -> &str {
    if decimal.contains('.') {
        decimal.trim_end_matches('0').trim_end_matches('.')
    } else {
        decimal
    }
}

#[cfg(test)]
mod tests {
    use super::show;

    #[test]
    fn six_significant_digits_are_printed() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (3.0, "3"),
            (-12.0, "-12"),
            (0.5, "0.5"),
            (290.0 / 3.0, "96.6667"),
            (999999.0, "999999"),
            (999999.5, "1e+06"),
            (1e6, "1e+06"),
            (16777216.0, "1.67772e+07"),
            (0.0001, "0.0001"),
            (0.00001234, "1.234e-05"),
            (123456.7, "123457"),
            (-1.5e-10, "-1.5e-10"),
            (f64::NAN, "nan"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (number, expect) in cases {
            assert_eq!(show(number).to_string(), expect, "{number:?}");
        }
    }
}
