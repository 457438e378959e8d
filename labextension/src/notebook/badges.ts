/** A step's options in, a few words for each out: what a header shows. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { IStepOptions } from './options';

/** The part of a translation bundle that words need. */
export type Words = Pick<TranslationBundle, '__' | '_n'>;

/** The options in a few words each; what holds for all steps is not repeated. */
export function badgesOf(options: IStepOptions, trans: Words): string[] {
  const { cpu, memory, gpu, retries, timeout, cache, image } = options.texts;
  const found: string[] = [];
  if (cpu) {
    found.push(trans.__('%1 CPU', cores(cpu)));
  }
  if (memory) {
    found.push(amount(memory));
  }
  if (gpu) {
    found.push(trans.__('%1 GPU', gpu.slice(gpu.lastIndexOf(':') + 1)));
  }
  if (retries && retries !== '0') {
    found.push(trans._n('%1 retry', '%1 retries', Number(retries)));
  }
  if (timeout) {
    found.push(trans.__('at most %1', duration(timeout)));
  }
  if (cache === 'off') {
    found.push(trans.__('always run'));
  }
  if (image) {
    found.push(image.slice(image.lastIndexOf('/') + 1));
  }
  if (options.others.length) {
    const count = options.others.length;
    found.push(trans._n('%1 more option', '%1 more options', count));
  }
  return found;
}

/** `500m` is half a core. */
function cores(text: string): string {
  return text.endsWith('m') ? String(Number(text.slice(0, -1)) / 1000) : text;
}

/** `8Gi` as `8 GiB`. */
function amount(text: string): string {
  const [, number = text, unit = ''] =
    /^([0-9.]+)([A-Za-z]*)$/.exec(text) ?? [];
  return `${number} ${unit === 'k' ? 'kB' : `${unit}B`}`;
}

/** `1h30m` as `1 h 30 min`; a plain number is seconds. */
function duration(text: string): string {
  const units: Record<string, string> = { m: 'min', '': 's' };
  const parts = text.matchAll(/([0-9.]+)([dhms]?)/g);
  return Array.from(
    parts,
    ([, number, unit = '']) => `${number} ${units[unit] ?? unit}`
  ).join(' ');
}
