/** What is known of a cluster in, what the user says of it out: a form in plain words. No credential is ever typed. */

import '../../style/runs.css';

import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { troubleOf } from '../model/trouble';
import type { TargetAsked, TargetView } from '../wire';
import type { Targets } from './targets';

interface IField {
  name: keyof TargetAsked;
  label: string;
  hint: string;
  example?: string;
  choices?: ReadonlyArray<readonly [value: string, label: string]>;
  advanced?: boolean;
}

function fieldsOf(trans: TranslationBundle): IField[] {
  return [
    {
      name: 'name',
      label: trans.__('Name'),
      hint: trans.__('What you call it here.'),
      example: 'team'
    },
    {
      name: 'host',
      label: trans.__('Address'),
      hint: trans.__(
        'Where Kubeflow Pipelines answers: what your browser shows, up to “/pipeline”.'
      ),
      example: 'https://…/pipeline'
    },
    {
      name: 'auth',
      label: trans.__('How it knows you'),
      hint: '',
      choices: [
        ['none', trans.__('It does not ask')],
        ['bearer', trans.__('A token')],
        ['cookies', trans.__('Cookies of a browser that is logged in')],
        ['service-account', trans.__('This server runs in the same cluster')]
      ]
    },
    {
      name: 'variable',
      label: trans.__('… read from the environment variable'),
      hint: trans.__(
        'The name of a variable of the Jupyter server, not the token itself.'
      ),
      example: 'KFP_TOKEN'
    },
    {
      name: 'file',
      label: trans.__('… or from the file'),
      hint: trans.__(
        'A file on the Jupyter server that holds the token or the cookies.'
      )
    },
    {
      name: 'namespace',
      label: trans.__('Namespace'),
      hint: trans.__('Your name on a shared cluster; empty if it has no users.')
    },
    {
      name: 'experiment',
      label: trans.__('Experiment'),
      hint: trans.__('Under which its runs are listed there.'),
      advanced: true
    },
    {
      name: 'ca_file',
      label: trans.__('Certificates'),
      hint: trans.__(
        'A file of certificates to trust, if the address has one of its own.'
      ),
      advanced: true
    },
    {
      name: 'ui',
      label: trans.__('Address of its pages'),
      hint: trans.__('If it is not the address above.'),
      advanced: true
    },
    {
      name: 'artifacts',
      label: trans.__('Store of its artifacts'),
      hint: trans.__('Needed to open steps of its runs here.'),
      example: 's3://…',
      advanced: true
    }
  ];
}

/** The form. It keeps what was typed, so that it can be shown again with what the server said. */
class ClusterForm extends Widget implements Dialog.IBodyWidget<TargetAsked> {
  constructor(
    given: Partial<TargetAsked>,
    problem: string,
    trans: TranslationBundle
  ) {
    super();
    this.addClass('nb2pipe-ClusterForm');
    if (problem) {
      const text = element('div', 'nb2pipe-Notice nb2pipe-mod-error', problem);
      text.setAttribute('role', 'alert');
      this.node.append(text);
    }
    const more = element('details', 'nb2pipe-Fold', '');
    more.append(element('summary', '', trans.__('More')));
    for (const field of fieldsOf(trans)) {
      const row = this._row(field, given[field.name] ?? '');
      (field.advanced ? more : this.node).append(row);
    }
    this.node.append(more);
    this._inputs.get('auth')?.addEventListener('change', () => this._settle());
    this._settle();
    this._name = given.name ?? '';
  }

  getValue(): TargetAsked {
    const value = (name: string): string =>
      this._inputs.get(name)?.value.trim() ?? '';
    const asks = ['bearer', 'cookies'].includes(value('auth'));
    return {
      name: value('name') || this._name,
      host: value('host'),
      namespace: value('namespace'),
      experiment: value('experiment'),
      auth: value('auth'),
      variable: asks ? value('variable') : '',
      file: asks ? value('file') : '',
      ca_file: value('ca_file'),
      ui: value('ui'),
      artifacts: value('artifacts')
    };
  }

  /** A credential is asked for only where the server wants one. */
  private _settle(): void {
    const auth = this._inputs.get('auth')?.value;
    const isAsked = auth === 'bearer' || auth === 'cookies';
    for (const name of ['variable', 'file']) {
      const input = this._inputs.get(name);
      input?.parentElement?.toggleAttribute('hidden', !isAsked);
    }
  }

  private _row(field: IField, given: string): HTMLElement {
    const row = element('label', 'nb2pipe-ClusterForm-row', '');
    row.append(element('span', 'nb2pipe-ClusterForm-label', field.label));
    const input = field.choices ? choice(field.choices) : textInput(field);
    input.value = given || (field.choices?.[0]?.[0] ?? '');
    input.name = field.name;
    row.append(input);
    if (field.hint) {
      row.append(element('span', 'nb2pipe-Hint', field.hint));
    }
    this._inputs.set(field.name, input);
    return row;
  }

  private readonly _inputs = new Map<
    string,
    HTMLInputElement | HTMLSelectElement
  >();
  private readonly _name: string;
}

/** Ask for a cluster until it is kept or the user gives up; its name, or null. */
export async function askForCluster(
  targets: Targets,
  known: TargetView | null,
  trans: TranslationBundle
): Promise<string | null> {
  let given: Partial<TargetAsked> = known ?? {};
  let problem = '';
  for (;;) {
    const answer = await showDialog({
      title: known
        ? trans.__('Cluster “%1”', known.name)
        : trans.__('Add a cluster'),
      body: new ClusterForm(given, problem, trans),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: known ? trans.__('Keep') : trans.__('Add') })
      ],
      focusNodeSelector: 'input'
    });
    if (!answer.button.accept || !answer.value) {
      return null;
    }
    given = answer.value;
    try {
      await targets.keep(answer.value);
      return answer.value.name;
    } catch (reason) {
      const { message, hint } = troubleOf(reason, trans);
      problem = hint ? `${message}. ${hint}` : message;
    }
  }
}

/** Say how clusters come within reach where what is needed for them isn't installed. */
export async function teachClusters(
  hint: string,
  trans: TranslationBundle
): Promise<void> {
  const body = new Widget();
  body.addClass('nb2pipe-ClusterForm');
  body.node.append(
    element(
      'p',
      '',
      trans.__(
        'A pipeline can also run on a cluster with Kubeflow Pipelines. What is needed for that is not installed in the environment of this Jupyter server:'
      )
    ),
    element('pre', 'nb2pipe-Lines', hint),
    element(
      'p',
      '',
      trans.__(
        '“Compile” works without it, and so does everything on this machine.'
      )
    )
  );
  await showDialog({
    title: trans.__('Run on a cluster'),
    body,
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}

function element(tag: string, name: string, text: string): HTMLElement {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  return node;
}

function textInput(field: IField): HTMLInputElement {
  const input = document.createElement('input');
  input.className = 'jp-mod-styled';
  input.placeholder = field.example ?? '';
  input.spellcheck = false;
  input.autocomplete = 'off';
  return input;
}

function choice(
  choices: ReadonlyArray<readonly [string, string]>
): HTMLSelectElement {
  const select = document.createElement('select');
  select.className = 'jp-mod-styled';
  for (const [value, label] of choices) {
    const option = document.createElement('option');
    option.value = value;
    option.textContent = label;
    select.append(option);
  }
  return select;
}
