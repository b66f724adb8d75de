/** Numbers and times for people: the same everywhere. */

const units: [number, string][] = [
  [1 << 30, 'GiB'],
  [1 << 20, 'MiB'],
  [1 << 10, 'KiB'],
];

export function bytes(count: number): string {
  for (const [size, unit] of units) if (count >= size) return `${short(count / size)} ${unit}`;
  return `${count} B`;
}

/** Microseconds. */
export function duration(us: number): string {
  if (us < 1_000) return `${us} µs`;
  if (us < 1_000_000) return `${short(us / 1_000)} ms`;
  return `${short(us / 1_000_000)} s`;
}

export function count(number: number): string {
  return number.toLocaleString('en');
}

/** A limit, in the unit that the API gives it. */
export function limit(number: number, unit: string): string {
  if (unit === 'bytes') return bytes(number);
  return unit === 'milliseconds' ? duration(number * 1_000) : count(number);
}

/** Large numbers, where their size matters and not each digit. */
export function about(number: number): string {
  for (const [size, unit] of [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']] as const) if (number >= size) return `${short(number / size)} ${unit}`;
  return String(number);
}

/** Made once: making one takes longer than a thousand uses of it. */
const dateAndTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

export function time(text: string): string {
  return dateAndTime.format(new Date(text));
}

/** Only the time of the day, for lines of which there are thousands. */
export function timeOfDay(text: string): string {
  return clock.format(new Date(text));
}

/** How long ago, or how far off. */
export function relative(text: string, now = Date.now()): string {
  const seconds = Math.round((new Date(text).getTime() - now) / 1_000);
  const steps: [number, Intl.RelativeTimeFormatUnit][] = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ];
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  for (const [length, unit] of steps) if (Math.abs(seconds) >= length) return words.format(Math.round(seconds / length), unit);
  return Math.abs(seconds) < 5 ? 'just now' : words.format(seconds, 'second');
}

function short(number: number): string {
  return number >= 100 ? String(Math.round(number)) : number.toPrecision(3).replace(/\.?0+$/, '');
}

/** A moment of the API as a field for local time has it, and back; empty if it is none. */
export function localOf(moment: string): string {
  const date = new Date(moment);
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

export function momentOf(local: string): string {
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
