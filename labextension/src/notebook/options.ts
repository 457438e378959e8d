/** A step's tags and metadata in, its options as a form shows them out; and a form's answers in, an edit out. */

import type { IEdit, ITagged } from './edit';
import { type Field, FIELDS } from './fields';
import { optionIn, without } from './metadata';
import { type ISection, split } from './sections';
import { formOf, headOf, namesOf, optionTag, readTags } from './tags';

/** The texts of a form. What isn't given has no text. */
export type Texts = Readonly<Partial<Record<Field, string>>>;

/** A step's options. `others`: tags of options that have no field. `defaults`: what holds where nothing is given. */
export interface IStepOptions {
  readonly texts: Texts;
  readonly defaults: Texts;
  readonly after: readonly string[];
  readonly others: readonly string[];
}

/** The options of the cells of one step, from its tags and from the metadata; tags count where both speak. */
export function optionsOf(notebook: ITagged, section: ISection): IStepOptions {
  const texts: Partial<Record<Field, string>> = {};
  const defaults: Partial<Record<Field, string>> = {};
  const after = new Set<string>();
  const others: string[] = [];
  for (const cell of section.cells) {
    const found = readTags(notebook.tags[cell] ?? []);
    found.after.forEach(name => after.add(name));
    for (const { option, text, tag } of found.settings) {
      if (isField(option)) {
        texts[option] ??= shownText(option, text);
      } else {
        others.push(tag);
      }
    }
  }
  for (const field of FIELDS) {
    const own = optionIn(notebook.metadata, section.name, field);
    const general = optionIn(notebook.metadata, null, field);
    if (own !== null) {
      texts[field] ??= own;
    }
    if (general !== null) {
      defaults[field] = general;
    }
  }
  return { texts, defaults, after: [...after], others };
}

/**
 * The edit that gives a step these options and no others of the form. Tags that say the same already stay as they are;
 * a new one goes to the step's first cell.
 */
export function withOptions(
  notebook: ITagged,
  section: ISection,
  texts: Texts,
  after: readonly string[]
): IEdit {
  const had = optionsOf(notebook, section);
  const changed = new Map<number, readonly string[]>();
  let metadata = notebook.metadata;
  const tagsOf = (cell: number): readonly string[] =>
    changed.get(cell) ?? notebook.tags[cell] ?? [];
  for (const field of FIELDS) {
    const text = texts[field]?.trim() ?? '';
    if (text === (had.texts[field] ?? '')) {
      continue;
    }
    metadata = without(metadata, section.name, field);
    place(
      section,
      tagsOf,
      changed,
      tag => readTags([tag]).settings[0]?.option === field,
      text ? [optionTag(field, text)] : []
    );
  }
  if (after.join('\n') !== had.after.join('\n')) {
    placeAfter(section, tagsOf, changed, after);
  }
  return metadata === notebook.metadata
    ? { tags: changed }
    : { tags: changed, metadata };
}

/** Two edits, the second of what the first leaves, as one. */
export function chained(
  notebook: ITagged,
  first: IEdit,
  next: (notebook: ITagged) => IEdit
): IEdit {
  const between: ITagged = {
    tags: notebook.tags.map((tags, index) => first.tags.get(index) ?? tags),
    metadata: 'metadata' in first ? first.metadata : notebook.metadata
  };
  const second = next(between);
  return {
    ...first,
    ...second,
    tags: new Map([...first.tags, ...second.tags])
  };
}

/** The section of a name in a notebook as an edit leaves it. */
export function sectionNamed(
  notebook: ITagged,
  name: string
): ISection | undefined {
  return split(notebook.tags).sections.find(section => section.name === name);
}

/** Put tags where those that `is` finds stand: in the first one's place, or else on the section's first cell. */
function place(
  section: ISection,
  tagsOf: (cell: number) => readonly string[],
  changed: Map<number, readonly string[]>,
  is: (tag: string) => boolean,
  tags: readonly string[]
): void {
  let left = tags;
  for (const cell of section.cells) {
    const own = tagsOf(cell);
    if (own.some(is)) {
      const kept = own.flatMap(tag => {
        if (!is(tag)) {
          return [tag];
        }
        const found = left;
        left = [];
        return found;
      });
      changed.set(cell, kept);
    }
  }
  const [first] = section.cells;
  if (left.length && first !== undefined) {
    changed.set(first, [...tagsOf(first), ...left]);
  }
}

function placeAfter(
  section: ISection,
  tagsOf: (cell: number) => readonly string[],
  changed: Map<number, readonly string[]>,
  after: readonly string[]
): void {
  let left = after;
  for (const cell of section.cells) {
    const own = tagsOf(cell);
    const kept = own.flatMap(tag => {
      if (formOf(tag)?.kind !== 'order') {
        return [tag];
      }
      const names = namesOf(tag).filter(name => left.includes(name));
      left = left.filter(name => !names.includes(name));
      return names.length === namesOf(tag).length
        ? [tag]
        : names.length
          ? [`${headOf(tag.trim())}:${names.join(':')}`]
          : [];
    });
    if (kept.join('\n') !== own.join('\n')) {
      changed.set(cell, kept);
    }
  }
  const [first] = section.cells;
  if (left.length && first !== undefined) {
    changed.set(first, [
      ...tagsOf(first),
      ...left.map(name => `after:${name}`)
    ]);
  }
}

function isField(option: string): option is Field {
  return (FIELDS as readonly string[]).includes(option);
}

/** `enabled` is Kale's word for `on`. */
function shownText(field: Field, text: string): string {
  return field === 'cache'
    ? text === 'on' || text === 'enabled'
      ? 'on'
      : 'off'
    : text;
}
