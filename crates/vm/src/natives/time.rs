//! Time: instants are Ints of milliseconds since 1970-01-01 UTC; dates follow the Gregorian calendar.

use crate::failure::Trap;
use crate::natives::{NativeCtx, NativeDef, int, native, string, text};
use crate::value::Value;

pub(super) static TABLE: &[NativeDef] = &[
    native("Time.day", 1, |_, args| field(args, |time| time.day)),
    native("Time.format", 2, |ctx, args| {
        let at = int(&args[0])?;
        let offset = ctx.world.host.utc_offset_seconds(at);
        let zone = ctx.world.host.timezone_name();
        Ok(text(format(at, offset, &zone, string(&args[1])?)))
    }),
    native("Time.formatUtc", 2, |_, args| Ok(text(format(int(&args[0])?, 0, "UTC", string(&args[1])?)))),
    native("Time.fromDate", 3, |_, args| {
        let days = days_from_civil(int(&args[0])?, int(&args[1])?, int(&args[2])?);
        Ok(Value::Int(days.wrapping_mul(DAY)))
    }),
    native("Time.fromDateTime", 6, |_, args| {
        let days = days_from_civil(int(&args[0])?, int(&args[1])?, int(&args[2])?);
        Ok(Value::Int(days.wrapping_mul(DAY).wrapping_add(time_of_day(&args[3..])?)))
    }),
    native("Time.fromTime", 3, |_, args| time_of_day(args).map(Value::Int)),
    native("Time.fromUtc", 1, |ctx, args| {
        let at = int(&args[0])?;
        let offset = ctx.world.host.utc_offset_seconds(at);
        Ok(Value::Int(at.wrapping_add(offset * 1000)))
    }),
    native("Time.hour", 1, |_, args| field(args, |time| time.hour)),
    native("Time.minute", 1, |_, args| field(args, |time| time.minute)),
    native("Time.month", 1, |_, args| field(args, |time| time.month)),
    native("Time.now", 0, |ctx, _| Ok(Value::Int(ctx.world.host.now_millis()))),
    native("Time.nowSecs", 0, |ctx, _| Ok(Value::Int(ctx.world.host.now_millis().div_euclid(1000)))),
    native("Time.parse", 2, |ctx, args| {
        let parsed = parse(string(&args[0])?, string(&args[1])?);
        Ok(ctx.option(parsed.map(Value::Int)))
    }),
    native("Time.second", 1, |_, args| field(args, |time| time.second)),
    native("Time.timezone", 0, |ctx, _| Ok(text(ctx.world.host.timezone_name()))),
    native("Time.timezoneOffset", 0, |ctx: &mut NativeCtx<'_>, _| {
        let now = ctx.world.host.now_millis();
        Ok(Value::Int(ctx.world.host.utc_offset_seconds(now) / 60))
    }),
    native("Time.toUtc", 1, |ctx, args| {
        let at = int(&args[0])?;
        let offset = ctx.world.host.utc_offset_seconds(at);
        Ok(Value::Int(at.wrapping_sub(offset * 1000)))
    }),
    native("Time.weekday", 1, |_, args| field(args, |time| time.weekday)),
    native("Time.year", 1, |_, args| field(args, |time| time.year)),
];

const DAY: i64 = 86_400_000;

/// Fields of an instant.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    milli: i64,
    /// 0 for Sunday.
    weekday: i64,
    /// 1 for the first of January.
    yearday: i64,
}

fn field(args: &[Value], pick: fn(&Civil) -> i64) -> Result<Value, Trap> {
    Ok(Value::Int(pick(&civil(int(&args[0])?))))
}

fn time_of_day(args: &[Value]) -> Result<i64, Trap> {
    let (hour, minute, second) = (int(&args[0])?, int(&args[1])?, int(&args[2])?);
    let minutes = hour.wrapping_mul(60).wrapping_add(minute);
    Ok(minutes.wrapping_mul(60).wrapping_add(second).wrapping_mul(1000))
}

/// Days since 1970-01-01. Months and days outside their range count on.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let months = month.wrapping_sub(1);
    let year = year.wrapping_add(months.div_euclid(12));
    let month = months.rem_euclid(12) + 1;
    // Years begin in March, so that the leap day is the last one.
    let year = if month <= 2 { year.wrapping_sub(1) } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era.wrapping_mul(146_097).wrapping_add(days).wrapping_sub(719_468).wrapping_add(day).wrapping_sub(1)
}

fn civil(at: i64) -> Civil {
    let days = at.div_euclid(DAY);
    let rest = at.rem_euclid(DAY);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Civil {
        year,
        month,
        day: of_year - (153 * month_from_march + 2) / 5 + 1,
        hour: rest / 3_600_000,
        minute: rest / 60_000 % 60,
        second: rest / 1_000 % 60,
        milli: rest % 1_000,
        weekday: (days + 4).rem_euclid(7),
        yearday: days - days_from_civil(year, 1, 1) + 1,
    }
}

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// An instant by strftime directives; unknown ones stay as they are.
fn format(at: i64, offset: i64, zone: &str, pattern: &str) -> String {
    let time = civil(at.saturating_add(offset * 1000));
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        if char != '%' {
            out.push(char);
            continue;
        }
        let day = DAYS[time.weekday as usize];
        let month = MONTHS[(time.month - 1) as usize];
        let hour12 = if time.hour % 12 == 0 { 12 } else { time.hour % 12 };
        let sign = if offset < 0 { '-' } else { '+' };
        out.push_str(&match chars.next() {
            Some('Y') => time.year.to_string(),
            Some('y') => format!("{:02}", time.year.rem_euclid(100)),
            Some('m') => format!("{:02}", time.month),
            Some('d') => format!("{:02}", time.day),
            Some('e') => format!("{:2}", time.day),
            Some('H') => format!("{:02}", time.hour),
            Some('I') => format!("{hour12:02}"),
            Some('M') => format!("{:02}", time.minute),
            Some('S') => format!("{:02}", time.second),
            Some('f') => format!("{:09}", time.milli * 1_000_000),
            Some('p') => if time.hour < 12 { "AM" } else { "PM" }.to_owned(),
            Some('a') => day[..3].to_owned(),
            Some('A') => day.to_owned(),
            Some('b' | 'h') => month[..3].to_owned(),
            Some('B') => month.to_owned(),
            Some('j') => format!("{:03}", time.yearday),
            Some('u') => if time.weekday == 0 { 7 } else { time.weekday }.to_string(),
            Some('w') => time.weekday.to_string(),
            Some('F') => format!("{}-{:02}-{:02}", time.year, time.month, time.day),
            Some('T') => format!("{:02}:{:02}:{:02}", time.hour, time.minute, time.second),
            Some('R') => format!("{:02}:{:02}", time.hour, time.minute),
            Some('D') => format!("{:02}/{:02}/{:02}", time.month, time.day, time.year.rem_euclid(100)),
            Some('s') => at.div_euclid(1000).to_string(),
            Some('z') => format!("{sign}{:02}{:02}", offset.abs() / 3600, offset.abs() / 60 % 60),
            Some('Z') => zone.to_owned(),
            Some('n') => "\n".to_owned(),
            Some('t') => "\t".to_owned(),
            Some('%') => "%".to_owned(),
            Some(other) => format!("%{other}"),
            None => "%".to_owned(),
        });
    }
    out
}

/// The instant that a text names in UTC. Date and time must be there, and nothing else.
fn parse(text: &str, pattern: &str) -> Option<i64> {
    let mut fields = Fields::default();
    let rest = fields.read(text, pattern)?;
    if !rest.is_empty() {
        return None;
    }
    if let Some(seconds) = fields.epoch {
        return seconds.checked_mul(1000);
    }
    let hour = match (fields.hour, fields.hour12, fields.afternoon) {
        (Some(hour), _, _) => hour,
        (None, Some(hour), Some(afternoon)) => hour % 12 + if afternoon { 12 } else { 0 },
        _ => return None,
    };
    let (year, month, day) = (fields.year?, fields.month?, fields.day?);
    let minute = fields.minute?;
    let second = fields.second.unwrap_or(0);
    if !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days_from_civil(year, month, day);
    let back = civil(days * DAY);
    if (back.month, back.day) != (month, day) {
        return None;
    }
    Some(days * DAY + ((hour * 60 + minute) * 60 + second) * 1000 - fields.offset * 1000)
}

#[derive(Default)]
struct Fields {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    hour: Option<i64>,
    hour12: Option<i64>,
    afternoon: Option<bool>,
    minute: Option<i64>,
    second: Option<i64>,
    epoch: Option<i64>,
    /// Seconds east of UTC.
    offset: i64,
}

impl Fields {
    /// Reads what the pattern says and gives the rest of the text.
    fn read<'t>(&mut self, mut text: &'t str, pattern: &str) -> Option<&'t str> {
        let mut chars = pattern.chars();
        while let Some(char) = chars.next() {
            if char.is_whitespace() {
                text = text.trim_start();
                continue;
            }
            if char != '%' {
                text = text.strip_prefix(char)?;
                continue;
            }
            match chars.next()? {
                'Y' => self.year = Some(number(&mut text, 4)?),
                'y' => {
                    let short = number(&mut text, 2)?;
                    self.year = Some(short + if short < 70 { 2000 } else { 1900 });
                }
                'm' => self.month = Some(number(&mut text, 2)?),
                'd' | 'e' => {
                    text = text.trim_start();
                    self.day = Some(number(&mut text, 2)?);
                }
                'H' => self.hour = Some(number(&mut text, 2)?),
                'I' => self.hour12 = Some(number(&mut text, 2)?),
                'M' => self.minute = Some(number(&mut text, 2)?),
                'S' => self.second = Some(number(&mut text, 2)?),
                's' => self.epoch = Some(number(&mut text, 18)?),
                'p' => {
                    let half = text.get(..2)?.to_ascii_uppercase();
                    self.afternoon = Some(match half.as_str() {
                        "AM" => false,
                        "PM" => true,
                        _ => return None,
                    });
                    text = &text[2..];
                }
                'b' | 'B' | 'h' => self.month = Some(name(&mut text, &MONTHS)? + 1),
                'a' | 'A' => {
                    name(&mut text, &DAYS)?;
                }
                'F' => text = self.read(text, "%Y-%m-%d")?,
                'T' => text = self.read(text, "%H:%M:%S")?,
                'R' => text = self.read(text, "%H:%M")?,
                'z' => {
                    let sign = match text.chars().next()? {
                        '+' => 1,
                        '-' => -1,
                        _ => return None,
                    };
                    text = &text[1..];
                    let hours = number(&mut text, 2)?;
                    text = text.strip_prefix(':').unwrap_or(text);
                    self.offset = sign * (hours * 3600 + number(&mut text, 2)? * 60);
                }
                'n' | 't' => text = text.trim_start(),
                '%' => text = text.strip_prefix('%')?,
                _ => return None,
            }
        }
        Some(text)
    }
}

/// At most `width` digits.
fn number(text: &mut &str, width: usize) -> Option<i64> {
    let digits = text.bytes().take(width).take_while(u8::is_ascii_digit).count();
    let value = text[..digits].parse().ok()?;
    *text = &text[digits..];
    Some(value)
}

/// A full or three-letter name.
fn name(text: &mut &str, names: &[&str]) -> Option<i64> {
    let index =
        names.iter().position(|name| text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(&name[..3])))?;
    let full = names[index];
    let len = if text.get(..full.len()).is_some_and(|start| start.eq_ignore_ascii_case(full)) { full.len() } else { 3 };
    *text = &text[len..];
    Some(index as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_both_ways() {
        assert_eq!(days_from_civil(2020, 1, 2) * DAY, 1_577_923_200_000);
        for days in [-800_000, -1, 0, 59, 11_016, 18_321, 2_000_000] {
            let time = civil(days * DAY);
            assert_eq!(days_from_civil(time.year, time.month, time.day), days);
        }
        assert_eq!(civil(1_577_923_200_000).weekday, 4);
    }

    #[test]
    fn formats_are_read_back() {
        let at = 1_700_000_000_000;
        assert_eq!(format(at, 0, "UTC", "%Y-%m-%d %H:%M:%S %a %j"), "2023-11-14 22:13:20 Tue 318");
        assert_eq!(parse("2023-11-14 22:13:20", "%Y-%m-%d %H:%M:%S"), Some(at));
        assert_eq!(parse("14 Nov 2023 10:13 PM", "%d %b %Y %I:%M %p"), Some(at - 20_000));
        assert_eq!(parse("2023-11-14", "%Y-%m-%d"), None);
        assert_eq!(parse("2023-02-30 00:00", "%Y-%m-%d %H:%M"), None);
    }
}
