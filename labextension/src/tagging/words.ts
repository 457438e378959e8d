/** Roles and options in, words for people out. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Role } from '../notebook/grammar';
import type { Field } from '../notebook/fields';
import { optionTrouble } from '../notebook/tags';

/** A label, and what it means in a sentence. */
export interface IWord {
  readonly label: string;
  readonly meaning: string;
}

/** What a cell can be besides part of a step, in the order in which they stand in a notebook. */
export const ROLES: ReadonlyArray<Exclude<Role, 'step'>> = [
  'imports',
  'functions',
  'parameters',
  'metrics',
  'skip'
];

/** What a role is called, and what it does. */
export function roleWord(role: Role, trans: TranslationBundle): IWord {
  switch (role) {
    case 'step':
      return {
        label: trans.__('Step'),
        meaning: trans.__('Code that runs as one piece of the pipeline.')
      };
    case 'imports':
      return {
        label: trans.__('Imports'),
        meaning: trans.__(
          'Imports and set-up: run again in each step that needs them.'
        )
      };
    case 'functions':
      return {
        label: trans.__('Functions'),
        meaning: trans.__(
          'Functions and classes: defined again in each step that needs them.'
        )
      };
    case 'parameters':
      return {
        label: trans.__('Parameters'),
        meaning: trans.__('Settings that you can change for each run.')
      };
    case 'metrics':
      return {
        label: trans.__('Metrics'),
        meaning: trans.__(
          'Numbers printed or assigned here are kept with each run, to compare.'
        )
      };
    case 'skip':
      return {
        label: trans.__('Skip'),
        meaning: trans.__('Not part of the pipeline: stays in the notebook.')
      };
  }
}

/** What an option is called, and what to write; `example` is what an empty field shows. */
export interface IFieldWord extends IWord {
  readonly example: string;
}

/** The words of an option's field. */
export function fieldWord(field: Field, trans: TranslationBundle): IFieldWord {
  switch (field) {
    case 'cpu':
      return {
        label: trans.__('CPU cores'),
        meaning: trans.__('How many cores the step needs.'),
        example: trans.__('such as 2, or 0.5')
      };
    case 'memory':
      return {
        label: trans.__('Memory'),
        meaning: trans.__('How much memory the step needs.'),
        example: trans.__('such as 8Gi, or 512Mi')
      };
    case 'gpu':
      return {
        label: trans.__('GPUs'),
        meaning: trans.__('How many GPUs the step needs.'),
        example: trans.__('such as 1')
      };
    case 'retries':
      return {
        label: trans.__('Retries'),
        meaning: trans.__('How often the step is tried again if it fails.'),
        example: trans.__('such as 3')
      };
    case 'timeout':
      return {
        label: trans.__('Time limit'),
        meaning: trans.__('How long the step may run before it is stopped.'),
        example: trans.__('such as 30m, or 1h30m')
      };
    case 'cache':
      return {
        label: trans.__('Earlier results'),
        meaning: trans.__(
          'Whether results are taken again if nothing changed.'
        ),
        example: ''
      };
    case 'image':
      return {
        label: trans.__('Container image'),
        meaning: trans.__('What the step runs in, on a cluster.'),
        example: trans.__('as for all steps')
      };
  }
}

/** What is wrong with an option's text, in a sentence; null if nothing is. By the same rules as in Python. */
export function fieldTrouble(
  field: Field,
  text: string,
  trans: TranslationBundle
): string | null {
  const plain = text.trim();
  if (!plain || optionTrouble(field, plain) === null) {
    return null;
  }
  switch (field) {
    case 'cpu':
      return trans.__('Write a number of cores: 2, 0.5 or 500m.');
    case 'memory':
      return trans.__('Write a number and a unit: 512Mi, 8Gi or 8G.');
    case 'gpu':
      return trans.__('Write a number: 1, or nvidia.com/gpu:1.');
    case 'retries':
      return trans.__('Write a whole number from 0 to 99.');
    case 'timeout':
      return trans.__('Write a time: 90s, 30m or 1h30m.');
    case 'cache':
      return trans.__('Choose on or off.');
    case 'image':
      return trans.__('Write an image: ghcr.io/team/train:1.2');
  }
}
