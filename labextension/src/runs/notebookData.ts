/** What the server says is an executed notebook in, its cells and pictures out. Nothing in it is trusted. */

import type { Json } from '../wire';

/** A cell as it is shown: its source is text, its outputs nbformat data for an untrusted output area. */
export interface IShownCell {
  kind: 'code' | 'markdown' | 'raw';
  source: string;
  /** `[3]`; empty if it never ran. */
  count: string;
  /** Its number among code cells, from 1; 0 for others. */
  number: number;
  outputs: readonly JsonObject[];
}

/** A picture of an output, as an address that holds it whole. */
export interface IFigure {
  /** The number of its code cell, from 1. */
  cell: number;
  address: string;
}

export type JsonObject = { readonly [key: string]: Json | undefined };

const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** The cells of nbformat 4 data; what is no cell is left out. */
export function cellsOf(notebook: Json): IShownCell[] {
  const cells = isObject(notebook) ? notebook['cells'] : undefined;
  let number = 0;
  return (isList(cells) ? cells : []).filter(isObject).map(cell => {
    const kind = kindOf(cell['cell_type']);
    const count = cell['execution_count'];
    const outputs = cell['outputs'];
    number += kind === 'code' ? 1 : 0;
    return {
      kind,
      source: textOf(cell['source']),
      count: typeof count === 'number' ? `[${count}]` : '',
      number: kind === 'code' ? number : 0,
      outputs: isList(outputs) ? outputs.filter(isOutput) : []
    };
  });
}

/** The name of the language, for those who read the cells aloud or colour them. */
export function languageOf(notebook: Json): string {
  const metadata = isObject(notebook) ? notebook['metadata'] : undefined;
  const info = isObject(metadata) ? metadata['language_info'] : undefined;
  const name = isObject(info) ? info['name'] : undefined;
  return typeof name === 'string' ? name : 'python';
}

/** The pictures among the outputs, in order. Only formats that hold no code: no SVG. */
export function figuresOf(notebook: Json): IFigure[] {
  return cellsOf(notebook).flatMap(cell =>
    cell.outputs.flatMap(output => {
      const data = output['data'];
      const kind = PICTURES.find(name => isObject(data) && name in data);
      const content = kind && isObject(data) ? textOf(data[kind]) : '';
      const letters = content.replace(/\s/g, '');
      return kind && /^[A-Za-z0-9+/]+={0,2}$/.test(letters)
        ? [{ cell: cell.number, address: `data:${kind};base64,${letters}` }]
        : [];
    })
  );
}

/** nbformat keeps long texts as lists of lines. */
function textOf(value: Json | undefined): string {
  if (typeof value === 'string') {
    return value;
  }
  return isList(value)
    ? value.filter(line => typeof line === 'string').join('')
    : '';
}

function kindOf(value: Json | undefined): IShownCell['kind'] {
  return value === 'code' || value === 'markdown' ? value : 'raw';
}

function isOutput(value: Json): value is JsonObject {
  return isObject(value) && typeof value['output_type'] === 'string';
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
