/** The text that somebody typed for a parameter in, its value or what is wrong with it out. Nothing is evaluated. */

import type { Json, Parameter } from '../wire';

/** What a text means. `wrong`: it is no value of the parameter's type. */
export type Reading =
  { readonly wrong: false; readonly value: Json } | { readonly wrong: true };

const WRONG: Reading = { wrong: true };
const WORDS: ReadonlyMap<string, Json> = new Map<string, Json>([
  ['True', true],
  ['False', false],
  ['None', null]
]);

type Typed = Pick<Parameter, 'type' | 'nullable'>;

/**
 * As the server reads it (`analysis.parameters.from_text`): a str parameter takes the text as it is; any other takes
 * JSON, and True, False and None as Python writes them; `any` takes what is no JSON as text.
 */
export function readingOf(parameter: Typed, text: string): Reading {
  if (parameter.type === 'str') {
    const isNone = parameter.nullable && (text === 'None' || text === 'null');
    return { wrong: false, value: isNone ? null : text };
  }
  const word = WORDS.get(text);
  if (word !== undefined) {
    return checked(parameter, word, text);
  }
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return parameter.type === 'any' ? { wrong: false, value: text } : WRONG;
  }
  return checked(parameter, value, text);
}

function checked(parameter: Typed, value: Json, text: string): Reading {
  const isNone = value === null && parameter.nullable;
  return isNone || fits(parameter.type, value, text)
    ? { wrong: false, value }
    : WRONG;
}

/** JavaScript has one kind of number: what is written with a point or an exponent is a float, as in Python. */
function fits(type: Parameter['type'], value: Json, text: string): boolean {
  switch (type) {
    case 'any':
      return !(typeof value === 'number' && !Number.isFinite(value));
    case 'int':
      return typeof value === 'number' && /^\s*-?\d+\s*$/.test(text);
    case 'float':
      return typeof value === 'number' && Number.isFinite(value);
    case 'bool':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value);
    case 'dict':
      return (
        typeof value === 'object' && value !== null && !Array.isArray(value)
      );
    case 'str':
      return typeof value === 'string';
  }
}

/** A value as somebody would type it: the text that `readingOf` takes back to the value. */
export function textOf(parameter: Typed, value: Json): string {
  if (value === null) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (typeof value === 'string' && parameter.type === 'str') {
    return value;
  }
  if (parameter.type === 'float' && typeof value === 'number') {
    const text = String(value);
    return /^-?\d+$/.test(text) ? `${text}.0` : text;
  }
  return JSON.stringify(value);
}
