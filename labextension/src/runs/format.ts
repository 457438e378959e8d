/** Numbers and times of a run in, short texts for people out: the same forms as the command line's. */

import type { TranslationBundle } from '@jupyterlab/translation';
import type { Json } from '../wire';

/** `0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min`. */
export function duration(seconds: number, trans: TranslationBundle): string {
  if (seconds < 9.95) {
    return trans.__('%1 s', Math.max(0, seconds).toFixed(1));
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return trans.__('%1 s', whole);
  }
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) {
    return trans.__('%1 min %2 s', Math.floor(whole / 60), two(whole % 60));
  }
  return trans.__(
    '%1 h %2 min',
    Math.floor(whole / 3600),
    two(Math.floor((whole % 3600) / 60))
  );
}

/** A clock that ticks: `00:12`, `1:02:07`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return whole < 3600 ? rest : `${Math.floor(whole / 3600)}:${rest}`;
}

/** `312 B`, `4.1 kB`, `1.2 MB`; empty for 0, which says that it isn't known. */
export function size(bytes: number): string {
  if (bytes <= 0) {
    return '';
  }
  let amount = bytes;
  let unit = 'B';
  for (const larger of ['kB', 'MB', 'GB', 'TB']) {
    if (amount < 999.5) {
      break;
    }
    amount /= 1000;
    unit = larger;
  }
  return unit === 'B' || amount >= 99.5
    ? `${amount.toFixed(0)} ${unit}`
    : `${amount.toFixed(1)} ${unit}`;
}

/** A metric: at most six digits that tell, no tail of zeros; a whole number whole. */
export function number(value: number): string {
  if (!Number.isFinite(value) || Number.isSafeInteger(value)) {
    return String(value);
  }
  const short = Number(value.toPrecision(6));
  const amount = Math.abs(short);
  return amount !== 0 && (amount < 1e-4 || amount >= 1e9)
    ? short.toExponential()
    : String(short);
}

/** A parameter's value as it would be typed, cut where it is long. */
export function value(given: Json | undefined, most = 60): string {
  if (given === undefined) {
    return '';
  }
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** When something was: the time, with the day if it isn't `now`'s. */
export function moment(at: string, now: Date): string {
  const when = new Date(at);
  if (Number.isNaN(when.getTime())) {
    return at;
  }
  const time = when.toLocaleTimeString([], {
    hour: 'numeric',
    minute: '2-digit'
  });
  if (when.toDateString() === now.toDateString()) {
    return time;
  }
  const day = when.toLocaleDateString([], {
    day: 'numeric',
    month: 'short',
    ...(when.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' })
  });
  return `${day} ${time}`;
}

/** Seconds from one time to another, or to `now` while there is no end; null before the beginning. */
export function elapsed(
  from: string | null,
  to: string | null,
  now: number
): number | null {
  if (from === null) {
    return null;
  }
  const end = to === null ? now : Date.parse(to);
  const seconds = (end - Date.parse(from)) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

/** The address if it is a web page's: of what a server tells, nothing else may become a link. */
export function page(address: string): string | null {
  try {
    const { protocol } = new URL(address);
    return protocol === 'http:' || protocol === 'https:' ? address : null;
  } catch {
    return null;
  }
}
