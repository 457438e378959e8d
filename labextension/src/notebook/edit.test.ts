import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';

import { claim, followers, type IEdit, rename, type Wish } from './edit';
import { optionsOf, sectionNamed, withOptions } from './options';

/** Cells as one text each; its words are the cell's tags. */
function cells(text: string): string[][] {
  return text.split('|').map(tags => tags.split(' ').filter(tag => tag));
}

function applied(tags: string[][], edit: IEdit): string {
  return tags
    .map((own, index) => (edit.tags.get(index) ?? own).join(' '))
    .join('|');
}

const step = (name: string): Wish => ({ kind: 'step', name });
const role = (name: 'imports' | 'metrics' | 'skip' | 'parameters'): Wish => ({
  kind: 'role',
  role: name
});
const above: Wish = { kind: 'above' };
const bare: Wish = { kind: 'bare' };

/** What is done, the cells before, the chosen ones, the wish, whether those below follow, the cells after. */
// prettier-ignore
const CLAIMS: Array<[string, string, number[], Wish, boolean, string]> = [
  ['the first step', '||', [1], step('a'), true, '|step:a|'],
  ['a step from here on', 'step:a|||', [2], step('b'), true, 'step:a||step:b|'],
  ['only these cells', 'step:a|||', [1, 2], step('b'), false, 'step:a|step:b||step:a'],
  ['cells apart', 'step:a|||', [0, 2], step('b'), false, 'step:b|step:a|step:b|step:a'],
  ['foreign tags stay in place', 'x step:a y|', [0], step('b'), true, 'x step:b y|'],
  ['a step before the options', 'hide cpu:2', [0], step('a'), true, 'hide step:a cpu:2'],
  ['a step after foreign tags', 'hide', [0], step('a'), true, 'hide step:a'],
  ['the step it is in already', 'step:a||', [1], step('a'), true, 'step:a||'],
  ['the step above again', 'step:a|step:b|', [1], step('a'), true, 'step:a||'],
  ['a step that stands elsewhere', 'step:a|step:b|', [2], step('a'), true, 'step:a|step:b|step:a'],
  ['form NFC', '', [0], step('e\u0301'), true, 'step:é'],
  ['Kale’s tag gives way', 'block:a prev:x|', [0], step('b'), true, 'step:b prev:x|'],
  ['a nameless tag goes', 'step:a|block:|', [1], step('b'), true, 'step:a|step:b|'],
  ['metrics with a step stay', 'step:a metrics|', [0], step('b'), true, 'step:b metrics|'],
  ['metrics alone give way', 'step:a|metrics', [1], step('b'), true, 'step:a|step:b'],
  ['a role of one cell', 'step:a|||', [1], role('imports'), false, 'step:a|imports|step:a|'],
  ['a role before any step', '||step:a', [0], role('imports'), false, 'imports||step:a'],
  ['a skipped cell', 'step:a||', [1], role('skip'), false, 'step:a|skip|'],
  ['a skipped first cell', 'step:a||', [0], role('skip'), false, 'skip|step:a|'],
  ['a skipped cell is kept again', 'step:a|skip|', [1], above, true, 'step:a||'],
  ['skip in between goes along', 'step:a||skip||step:z', [1], step('b'), true, 'step:a|step:b|skip||step:z'],
  ['merge with above', 'step:a|step:b cpu:2||step:c', [1], above, true, 'step:a|cpu:2||step:c'],
  ['nothing waits for itself', 'step:a|step:b after:a', [1], above, true, 'step:a|'],
  ['others wait for the merged', 'step:a|step:b|step:c after:b', [1], above, true, 'step:a||step:c after:a'],
  ['Kale’s order of several', 'block:a|block:b|block:c prev:b:a', [1], above, true, 'block:a||block:c prev:a'],
  ['a part is merged', 'step:a|step:b||step:c after:b', [1], above, false, 'step:a||step:b|step:c after:b'],
  ['all tags go', 'step:a cpu:2 hide|', [0], bare, true, 'hide|'],
  ['a middle cell without tags', 'step:a|step:b|', [1], bare, true, 'step:a||'],
  ['the first cell can’t go on with anything', 'step:a|', [0], above, true, '|']
];

for (const [name, before, chosen, wish, follow, expected] of CLAIMS) {
  test(`edit: ${name}`, () => {
    const tags = cells(before);
    const notebook = { tags, metadata: undefined };
    equal(
      applied(tags, claim(notebook, new Set(chosen), wish, follow)),
      expected
    );
  });
}

test('edit: what stays as it is is not written', () => {
  const notebook = { tags: cells('step:a||x'), metadata: { name: 'n' } };
  const edit = claim(notebook, new Set([1]), step('a'), true);
  deepEqual(edit, { tags: new Map() });
});

test('edit: a merged step’s options in the metadata go along', () => {
  const notebook = {
    tags: cells('step:a|step:b'),
    metadata: { steps: { a: { cpu: 1 }, b: { cpu: 2, memory: '1Gi' } } }
  };
  const edit = claim(notebook, new Set([1]), above, true);
  deepEqual(edit.metadata, {
    steps: { a: { cpu: 1, memory: '1Gi' }, b: { cpu: 2 } }
  });
});

test('edit: followers are the untagged cells right below', () => {
  const tags = cells('step:a|||skip||step:b|');
  deepEqual(followers(tags, new Set([1])), [2, 4]);
  deepEqual(followers(tags, new Set([5])), [6]);
  deepEqual(followers(tags, new Set([0, 1, 2, 4])), []);
});

/** The cells before, the old name, the new one, the cells after. */
// prettier-ignore
const RENAMED: Array<[string, string, string, string, string]> = [
  ['everywhere', 'step:a x|step:b after:a|step:a', 'a', 'c', 'step:c x|step:b after:c|step:c'],
  ['Kale’s words stay', 'block:a|block:b prev:a:z', 'a', 'c', 'block:c|block:b prev:c:z'],
  ['never into a role', 'block:a', 'a', 'imports', 'step:imports'],
  ['another form of the name', 'step:e\u0301', 'é', 'f', 'step:f'],
  ['no other step', 'step:ab|step:b', 'a', 'c', 'step:ab|step:b'],
  ['no foreign tag', 'x:a|a', 'a', 'c', 'x:a|a']
];

for (const [name, before, from, to, expected] of RENAMED) {
  test(`rename: ${name}`, () => {
    const tags = cells(before);
    const edit = rename({ tags, metadata: undefined }, from, to);
    equal(applied(tags, edit), expected);
  });
}

test('rename: the options in the metadata too, all else as it was', () => {
  const metadata = { name: 'n', steps: { z: {}, a: { env: { A: '1,2' } } } };
  const edit = rename({ tags: cells('step:a'), metadata }, 'a', 'b');
  deepEqual(edit.metadata, {
    name: 'n',
    steps: { z: {}, b: { env: { A: '1,2' } } }
  });
  deepEqual(rename({ tags: cells('step:c'), metadata }, 'c', 'd'), {
    tags: new Map([[0, ['step:d']]])
  });
});

const TAGGED = {
  tags: cells('step:a limit:memory:8Gi|cpu:2 env:A=b|step:b after:a'),
  metadata: { defaults: { retries: 2 }, steps: { a: { image: 'x/y' } } }
};

test('options: from tags and from the metadata', () => {
  const section = sectionNamed(TAGGED, 'a');
  deepEqual(section && optionsOf(TAGGED, section), {
    texts: { cpu: '2', memory: '8Gi', image: 'x/y' },
    defaults: { retries: '2' },
    after: [],
    others: ['env:A=b']
  });
});

/** A step, what its form says now, what it waits for, the cells after, the metadata if they change. */
// prettier-ignore
const FORMS: Array<[string, string, object, string[], string, unknown]> = [
  ['as it was', 'a', { cpu: '2', memory: '8Gi', image: 'x/y' }, [], 'step:a limit:memory:8Gi|cpu:2 env:A=b|step:b after:a', undefined],
  ['changed in its place', 'a', { cpu: '4', memory: '1Gi', image: 'x/y' }, [], 'step:a memory:1Gi|cpu:4 env:A=b|step:b after:a', undefined],
  ['new ones on the first cell', 'b', { gpu: '1', timeout: '30m' }, ['a'], 'step:a limit:memory:8Gi|cpu:2 env:A=b|step:b after:a gpu:1 timeout:30m', undefined],
  ['taken away', 'a', {}, [], 'step:a|env:A=b|step:b after:a', { defaults: { retries: 2 }, steps: {} }],
  ['from the metadata to a tag', 'a', { cpu: '2', memory: '8Gi', image: 'z' }, [], 'step:a limit:memory:8Gi image:z|cpu:2 env:A=b|step:b after:a', { defaults: { retries: 2 }, steps: {} }],
  ['waits for nothing', 'b', {}, [], 'step:a limit:memory:8Gi|cpu:2 env:A=b|step:b', undefined]
];

for (const [name, section, texts, after, expected, metadata] of FORMS) {
  test(`options: ${name}`, () => {
    const found = sectionNamed(TAGGED, section);
    const edit = found && withOptions(TAGGED, found, texts, after);
    equal(edit && applied(TAGGED.tags, edit), expected);
    deepEqual(edit?.metadata, metadata);
  });
}
