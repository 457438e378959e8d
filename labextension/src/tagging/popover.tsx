/** Cells in, a dialog beside them that says what they are out; it gives back the edit. Loaded when first opened. */

import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { IEdit, ITagged } from '../notebook/edit';
import { normal } from '../notebook/names';
import { split, stepNames } from '../notebook/sections';
import { Combobox, type IChoice } from './combobox';
import {
  below,
  type Choice,
  earlierSteps,
  editOf,
  follows,
  formOf,
  formTrouble,
  type IForm,
  nameTrouble,
  optionsNamed,
  sectionAbove
} from './form';
import { OptionsForm } from './optionsForm';
import { coloursOf } from './shown';
import { ROLES, roleWord } from './words';

/** What the popover is about. `cells` are indexes among the code cells. */
export interface IPopoverOptions {
  readonly notebook: ITagged;
  readonly cells: readonly number[];
  readonly anchor: HTMLElement;
  readonly trans: TranslationBundle;
  /** A name for a new step, to begin with. */
  readonly name?: string;
  /** True to show the options at once. */
  readonly showOptions?: boolean;
  /** `makeEdit` makes the edit of the notebook as it is then, for the same cells where they are then. */
  onApply(
    makeEdit: (notebook: ITagged, cells: ReadonlySet<number>) => IEdit
  ): void;
  onRemove(): void;
}

let open: Popover | null = null;

/** Open the popover; one is open at a time. */
export function openPopover(options: IPopoverOptions): void {
  open?.dispose();
  open = new Popover(options);
  Widget.attach(open, document.body);
}

/** A dialog beside a node: it keeps the focus, and closes with Escape, or with a press outside. */
class Popover extends ReactWidget {
  constructor(private readonly _options: IPopoverOptions) {
    super();
    this.id = 'nb2pipe-popover';
    this.addClass('nb2pipe-Popover');
    this.node.setAttribute('role', 'dialog');
    this.node.setAttribute('aria-modal', 'true');
    this.node.setAttribute('aria-label', title(_options));
    this.node.dataset['testid'] = 'nb2pipe-popover';
    this._focused = document.activeElement;
    _options.anchor.setAttribute('aria-expanded', 'true');
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    const hadFocus = this.node.contains(document.activeElement);
    const { anchor } = this._options;
    anchor.setAttribute('aria-expanded', 'false');
    super.dispose();
    if (hadFocus) {
      const back = [this._focused, anchor].find(node => node?.isConnected);
      (back as HTMLElement | undefined)?.focus();
    }
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.node.addEventListener('keydown', this._onKey);
    document.addEventListener('pointerdown', this._onPointer, true);
    window.addEventListener('resize', this._onResize);
    this._sizes = new ResizeObserver(() => this._place());
    this._sizes.observe(this.node);
    this._place();
  }

  protected override onBeforeDetach(message: Message): void {
    this._sizes?.disconnect();
    this.node.removeEventListener('keydown', this._onKey);
    document.removeEventListener('pointerdown', this._onPointer, true);
    window.removeEventListener('resize', this._onResize);
    super.onBeforeDetach(message);
  }

  protected render(): React.JSX.Element {
    return (
      <Content
        {...this._options}
        onApply={edit => {
          this.dispose();
          this._options.onApply(edit);
        }}
        onRemove={() => {
          this.dispose();
          this._options.onRemove();
        }}
        onClose={() => this.dispose()}
      />
    );
  }

  /** Below the anchor, or above it; over it where there is not enough room. Inside the window in any case. */
  private _place(): void {
    const at = this._options.anchor.getBoundingClientRect();
    const { offsetWidth: width, scrollHeight } = this.node;
    const height = Math.min(scrollHeight + 2, window.innerHeight - 2 * GAP);
    const isBelow = at.bottom + height + 2 * GAP <= window.innerHeight;
    const isAbove = at.top - height - 2 * GAP >= 0;
    const top = isBelow
      ? at.bottom + GAP
      : isAbove
        ? at.top - GAP - height
        : window.innerHeight - GAP - height;
    const left = Math.min(at.left, window.innerWidth - width - GAP);
    const { style } = this.node;
    style.maxHeight = `${window.innerHeight - 2 * GAP}px`;
    style.left = `${Math.max(left, GAP)}px`;
    style.top = `${Math.max(top, GAP)}px`;
  }

  private readonly _onResize = (): void => this._place();

  private readonly _onPointer = (event: PointerEvent): void => {
    if (event.target instanceof Node && !this.node.contains(event.target)) {
      this.dispose();
    }
  };

  private readonly _onKey = (event: KeyboardEvent): void => {
    event.stopPropagation(); // JupyterLab's shortcuts are not meant here
    if (event.key === 'Escape') {
      event.preventDefault();
      this.dispose();
    } else if (event.key === 'Tab') {
      this._keepFocus(event);
    }
  };

  private _keepFocus(event: KeyboardEvent): void {
    const nodes = Array.from(
      this.node.querySelectorAll<HTMLElement>('input, select, button, summary')
    ).filter(node => node.getClientRects().length > 0);
    const [first, last] = [nodes[0], nodes[nodes.length - 1]];
    const edge = event.shiftKey ? first : last;
    if (document.activeElement === edge) {
      event.preventDefault();
      (event.shiftKey ? last : first)?.focus();
    }
  }

  private readonly _focused: Element | null;
  private _sizes: ResizeObserver | null = null;
}

const GAP = 4;

interface IContentProps extends IPopoverOptions {
  onClose(): void;
}

function Content(props: IContentProps): React.JSX.Element {
  const { notebook, trans } = props;
  const chosen = React.useMemo(() => new Set(props.cells), [props.cells]);
  const [form, setForm] = React.useState(() =>
    formOf(notebook, chosen, props.name)
  );
  const [isTried, setTried] = React.useState(false);
  const set = (change: Partial<IForm>): void =>
    setForm(before => ({ ...before, ...change }));
  const choose = (choice: Choice): void => set({ choice });
  const submit = (event: React.FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (formTrouble(form, trans) === null) {
      props.onApply((now, cells) => editOf(now, cells, form));
    }
  };
  const above = sectionAbove(notebook, chosen);
  return (
    <form className="nb2pipe-Popover-form" onSubmit={submit} noValidate>
      <div className="nb2pipe-Popover-title">{title(props)}</div>
      <div
        className="nb2pipe-Choices"
        role="radiogroup"
        aria-label={trans.__('What the cells are')}
      >
        <StepChoice {...props} form={form} isTried={isTried} onForm={set} />
        {above && (
          <RadioRow
            choice="above"
            form={form}
            label={trans.__('Goes on with what is above')}
            meaning={trans.__(
              'Part of %1.',
              above.role === 'step'
                ? above.name
                : roleWord(above.role, trans).label
            )}
            onChoose={choose}
          />
        )}
        {ROLES.map(role => {
          const word = roleWord(role, trans);
          return (
            <RadioRow
              key={role}
              choice={role}
              form={form}
              label={word.label}
              meaning={word.meaning}
              onChoose={choose}
            />
          );
        })}
      </div>
      <FollowRow {...props} chosen={chosen} form={form} onForm={set} />
      {form.choice === 'step' && (
        <OptionsForm
          texts={form.texts}
          defaults={optionsNamed(notebook, form.name).defaults}
          others={optionsNamed(notebook, form.name).others}
          after={form.after}
          earlier={earlierSteps(notebook, chosen, form.name)}
          isOpen={props.showOptions ?? false}
          trans={trans}
          onTexts={texts => set({ texts })}
          onAfter={after => set({ after })}
        />
      )}
      <div className="nb2pipe-Popover-buttons">
        {isTaggedAny(notebook, chosen) && (
          <button
            type="button"
            className="nb2pipe-Popover-remove"
            data-testid="nb2pipe-popover-remove"
            onClick={props.onRemove}
          >
            {trans.__('Remove tags')}
          </button>
        )}
        <button
          type="button"
          className="jp-mod-styled jp-mod-reject"
          onClick={props.onClose}
        >
          {trans.__('Cancel')}
        </button>
        <button
          type="submit"
          className="jp-mod-styled jp-mod-accept"
          data-testid="nb2pipe-popover-apply"
        >
          {trans.__('Apply')}
        </button>
      </div>
    </form>
  );
}

interface IStepChoiceProps extends IPopoverOptions {
  readonly form: IForm;
  readonly isTried: boolean;
  onForm(change: Partial<IForm>): void;
}

function StepChoice(props: IStepChoiceProps): React.JSX.Element {
  const { form, trans, notebook, onForm } = props;
  const isChosen = form.choice === 'step';
  const typed = normal(form.name.trim());
  const trouble =
    isChosen && (typed || props.isTried) ? nameTrouble(form.name, trans) : null;
  const onName = (name: string): void => {
    const known = stepNames(split(notebook.tags)).includes(normal(name.trim()));
    const { texts, after } = optionsNamed(notebook, name);
    onForm({ choice: 'step', name, ...(known ? { texts, after } : {}) });
  };
  return (
    <div className="nb2pipe-Choice nb2pipe-mod-step">
      <RadioRow
        choice="step"
        form={form}
        label={trans.__('Step')}
        meaning=""
        onChoose={choice => onForm({ choice })}
      />
      <Combobox
        id="nb2pipe-step-name"
        label={trans.__('Name of the step')}
        value={form.name}
        choices={choicesOf(notebook, typed, trouble, trans)}
        placeholder={trans.__('Choose a step, or type a new name')}
        trouble={trouble}
        autoFocus={isChosen}
        onChange={onName}
        onFocus={() => onForm({ choice: 'step' })}
      />
    </div>
  );
}

function choicesOf(
  notebook: ITagged,
  typed: string,
  trouble: string | null,
  trans: TranslationBundle
): IChoice[] {
  const found = split(notebook.tags);
  const colours = coloursOf(found);
  const names = stepNames(found);
  const isKnown = names.includes(typed);
  const fits = (name: string): boolean =>
    isKnown || name.toLowerCase().includes(typed.toLowerCase());
  const choices = names.filter(fits).map(name => ({
    name,
    label: name,
    colour: colours.get(name) ?? null
  }));
  if (typed && !isKnown && trouble === null) {
    const label = trans.__('New step %1', typed);
    return [...choices, { name: typed, label, colour: null }];
  }
  return choices;
}

interface IRadioRowProps {
  readonly choice: Choice;
  readonly form: IForm;
  readonly label: string;
  readonly meaning: string;
  onChoose(choice: Choice): void;
}

function RadioRow(props: IRadioRowProps): React.JSX.Element {
  const { choice, form } = props;
  const field = React.useRef<HTMLInputElement>(null);
  const isChosen = form.choice === choice;
  const isFirst = React.useRef(isChosen && choice !== 'step');
  React.useEffect(() => {
    if (isFirst.current) {
      field.current?.focus();
    }
  }, []);
  return (
    <label className="nb2pipe-Choice-row">
      <input
        ref={field}
        type="radio"
        name="nb2pipe-choice"
        data-testid={`nb2pipe-popover-choice-${choice}`}
        checked={isChosen}
        onChange={() => props.onChoose(choice)}
      />
      <span className="nb2pipe-Choice-label">{props.label}</span>
      {props.meaning && (
        <span className="nb2pipe-Choice-meaning">{props.meaning}</span>
      )}
    </label>
  );
}

interface IFollowRowProps extends IPopoverOptions {
  readonly chosen: ReadonlySet<number>;
  readonly form: IForm;
  onForm(change: Partial<IForm>): void;
}

/** The untagged cells below go along, or they don't: never a surprise. */
function FollowRow(props: IFollowRowProps): React.JSX.Element | null {
  const { notebook, chosen, form, trans } = props;
  const cells = below(notebook, chosen, form);
  if (!cells.length) {
    return null;
  }
  return (
    <label className="nb2pipe-Check nb2pipe-Follow">
      <input
        type="checkbox"
        data-testid="nb2pipe-popover-follow"
        checked={follows(form, chosen)}
        onChange={event => props.onForm({ follow: event.target.checked })}
      />
      {trans._n(
        'Also the untagged cell below (%2)',
        'Also the %1 untagged cells below (%2)',
        cells.length,
        ranges(cells)
      )}
    </label>
  );
}

function title(options: IPopoverOptions): string {
  const { cells, trans } = options;
  return trans._n('Cell %2', '%1 cells: %2', cells.length, ranges(cells));
}

/** Cells as people count them: `2–4, 7`. */
function ranges(cells: readonly number[]): string {
  const found: number[][] = [];
  for (const cell of [...cells].sort((a, b) => a - b)) {
    const last = found[found.length - 1];
    if (last && last[last.length - 1] === cell - 1) {
      last.push(cell);
    } else {
      found.push([cell]);
    }
  }
  return found
    .map(run => {
      const [first = 0] = run;
      const last = run[run.length - 1] ?? first;
      return first === last ? `${first + 1}` : `${first + 1}–${last + 1}`;
    })
    .join(', ');
}

function isTaggedAny(notebook: ITagged, chosen: ReadonlySet<number>): boolean {
  const { cells } = split(notebook.tags);
  return [...chosen].some(index => (cells[index]?.ours.length ?? 0) > 0);
}
