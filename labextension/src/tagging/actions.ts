/** A command's name and arguments in, what it asks for done out. Loaded with the first notebook. */

import { InputDialog, Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Client } from '../client';
import { claim, type Wish } from '../notebook/edit';
import { type Field, FIELDS } from '../notebook/fields';
import { normal } from '../notebook/names';
import { optionsOf, withOptions } from '../notebook/options';
import { isStep, split, stepNames } from '../notebook/sections';
import { CommandIDs } from './commands';
import { nameTrouble } from './form';
import { type ITarget, NotPossible, type Tagging } from './tagging';
import { fieldTrouble, ROLES } from './words';

/** What actions need of their surroundings. */
export interface IActionsOptions {
  readonly tagging: Tagging;
  readonly client: Client;
  readonly trans: TranslationBundle;
}

type Args = ReadonlyPartialJSONObject;

/** Do what a command asks for. What is not possible is told in a notification. */
export async function act(
  id: string,
  args: Args,
  options: IActionsOptions
): Promise<unknown> {
  try {
    return await actionOf(id, args, options);
  } catch (reason) {
    if (!(reason instanceof NotPossible)) {
      throw reason;
    }
    Notification.warning(reason.message, { autoClose: 5000 });
    return undefined;
  }
}

async function actionOf(
  id: string,
  args: Args,
  { tagging, client, trans }: IActionsOptions
): Promise<unknown> {
  switch (id) {
    case CommandIDs.tag:
      return tagCells(tagging, args, trans);
    case CommandIDs.untag:
      return tagging.untag(targetOf(tagging, args, trans));
    case CommandIDs.merge:
      return tagging.mergeWithAbove(targetOf(tagging, args, trans));
    case CommandIDs.split:
      return splitHere(tagging, args, trans);
    case CommandIDs.options:
      return setOptions(tagging, args, trans);
    case CommandIDs.rename:
      return renameStep(tagging, args, trans);
    case CommandIDs.suggest:
      return suggest(tagging, args, client, trans);
    case CommandIDs.next:
      return move(tagging, 1);
    case CommandIDs.previous:
      return move(tagging, -1);
    case CommandIDs.goTo:
      return goToStep(tagging, args, trans);
    default:
      throw new Error(`unknown command ${id}`);
  }
}

async function suggest(
  tagging: Tagging,
  args: Args,
  client: Client,
  trans: TranslationBundle
): Promise<boolean> {
  const panel = tagging.panel;
  if (!panel) {
    throw new NotPossible(trans.__('Open a notebook first.'));
  }
  const { suggestSteps } = await import('./suggest');
  return suggestSteps({
    panel,
    client,
    trans,
    again: args['again'] === true,
    ask: args['ask'] !== false
  });
}

async function splitHere(
  tagging: Tagging,
  args: Args,
  trans: TranslationBundle
): Promise<void> {
  const target = targetOf(tagging, args, trans);
  const name = text(args, 'name');
  if (name !== undefined) {
    return tagging.splitHere(target, normal(name.trim()));
  }
  const cells = target.cells.slice(0, 1);
  const fresh = tagging.nameForSplit(target);
  return tagging.ask({ ...target, cells }, { name: fresh });
}

async function tagCells(
  tagging: Tagging,
  args: Args,
  trans: TranslationBundle
): Promise<void> {
  const target = targetOf(tagging, args, trans);
  const wish = wishOf(args, trans);
  if (!wish) {
    return tagging.ask(target);
  }
  const follows =
    target.cells.length === 1 &&
    (wish.kind === 'step' || wish.kind === 'above');
  const follow = typeof args['follow'] === 'boolean' ? args['follow'] : follows;
  tagging.write(
    target,
    claim(target.notebook, new Set(target.cells), wish, follow)
  );
}

function wishOf(args: Args, trans: TranslationBundle): Wish | null {
  const step = text(args, 'step');
  const role = text(args, 'role');
  if (step !== undefined) {
    const trouble = nameTrouble(step, trans);
    if (trouble !== null) {
      throw new NotPossible(trouble);
    }
    return { kind: 'step', name: normal(step.trim()) };
  }
  if (role !== undefined) {
    const known = ROLES.find(item => item === role);
    if (!known) {
      throw new NotPossible(trans.__('There is no role %1.', role));
    }
    return { kind: 'role', role: known };
  }
  return args['above'] === true ? { kind: 'above' } : null;
}

async function setOptions(
  tagging: Tagging,
  args: Args,
  trans: TranslationBundle
): Promise<void> {
  const target = targetOf(tagging, args, trans);
  const name = text(args, 'step');
  const section =
    name === undefined
      ? tagging.sectionOf(target)
      : target.found.sections.find(item => item.name === normal(name));
  if (!isStep(section)) {
    throw new NotPossible(trans.__('These cells are no step.'));
  }
  const given = FIELDS.filter(field => text(args, field) !== undefined);
  const after = args['after'];
  if (!given.length && !Array.isArray(after)) {
    const cells = [section.cells[0] ?? 0];
    return tagging.ask(
      { ...target, cells },
      { whole: true, showOptions: true }
    );
  }
  const had = optionsOf(target.notebook, section);
  const texts: Partial<Record<Field, string>> = { ...had.texts };
  for (const field of given) {
    const value = text(args, field) ?? '';
    const trouble = fieldTrouble(field, value, trans);
    if (trouble !== null) {
      throw new NotPossible(trouble);
    }
    texts[field] = value;
  }
  const names = Array.isArray(after)
    ? after.filter((item): item is string => typeof item === 'string')
    : had.after;
  tagging.write(target, withOptions(target.notebook, section, texts, names));
}

async function renameStep(
  tagging: Tagging,
  args: Args,
  trans: TranslationBundle
): Promise<void> {
  const target = targetOf(tagging, {}, trans);
  const from = text(args, 'from') ?? tagging.sectionOf(target)?.name ?? '';
  const given = text(args, 'to');
  const to = given ?? (await askName(from, target, trans));
  if (to !== null) {
    const now = targetOf(tagging, { cells: [...target.cells] }, trans);
    tagging.rename(now, normal(from), normal(to.trim()));
  }
}

async function askName(
  from: string,
  target: ITarget,
  trans: TranslationBundle
): Promise<string | null> {
  const section = target.found.sections.find(item => item.name === from);
  if (section?.role !== 'step') {
    throw new NotPossible(trans.__('These cells are no step.'));
  }
  const result = await InputDialog.getText({
    title: trans.__('Rename the step %1', from),
    label: trans.__('New name'),
    text: from,
    okLabel: trans.__('Rename')
  });
  return result.button.accept ? result.value : null;
}

async function move(tagging: Tagging, by: 1 | -1): Promise<void> {
  const panel = tagging.panel;
  const target = tagging.target();
  if (!panel || !target) {
    return;
  }
  const active = target.cells[by > 0 ? target.cells.length - 1 : 0] ?? 0;
  const stops = tagging.stops(target.found);
  const next =
    by > 0
      ? stops.find(cell => cell > active)
      : [...stops].reverse().find(cell => cell < active);
  if (next !== undefined) {
    await tagging.goTo(panel, next);
  }
}

async function goToStep(
  tagging: Tagging,
  args: Args,
  trans: TranslationBundle
): Promise<void> {
  const target = targetOf(tagging, {}, trans);
  const names = stepNames(target.found);
  let name = text(args, 'step') ?? null;
  if (name === null && names.length) {
    const result = await InputDialog.getItem({
      title: trans.__('Go to step'),
      items: names,
      okLabel: trans.__('Go')
    });
    name = result.button.accept ? result.value : null;
  }
  const { sections } = split(target.notebook.tags);
  const cell = sections.find(item => item.name === name)?.cells[0];
  if (cell !== undefined) {
    await tagging.goTo(target.panel, cell);
  }
}

function targetOf(
  tagging: Tagging,
  args: Args,
  trans: TranslationBundle
): ITarget {
  const given = args['cells'];
  const cells = Array.isArray(given)
    ? given.filter((cell): cell is number => typeof cell === 'number')
    : undefined;
  const target = tagging.target(cells);
  if (!target) {
    throw new NotPossible(trans.__('Choose a code cell of a notebook first.'));
  }
  return target;
}

function text(args: Args, name: string): string | undefined {
  const value = args[name];
  return typeof value === 'string' ? value : undefined;
}
