/** A step's options in, a form for them out, in plain words. */

import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { type Field, FIELDS } from '../notebook/fields';
import type { Texts } from '../notebook/options';
import { fieldTrouble, fieldWord } from './words';

/** What the form is given. `earlier`: the steps that this one may wait for. */
export interface IOptionsFormProps {
  readonly texts: Texts;
  readonly defaults: Texts;
  readonly after: readonly string[];
  readonly others: readonly string[];
  readonly earlier: readonly string[];
  readonly isOpen: boolean;
  readonly trans: TranslationBundle;
  onTexts(texts: Texts): void;
  onAfter(after: readonly string[]): void;
}

/** The options, folded away until they are asked for. */
export function OptionsForm(props: IOptionsFormProps): React.JSX.Element {
  const { texts, trans, earlier, after } = props;
  const set = (field: Field, text: string): void =>
    props.onTexts({ ...texts, [field]: text });
  return (
    <details
      className="nb2pipe-Options"
      open={props.isOpen}
      onToggle={event => {
        if (event.currentTarget.open) {
          event.currentTarget.scrollIntoView({ block: 'nearest' });
        }
      }}
    >
      <summary data-testid="nb2pipe-popover-options">
        {trans.__('Options of the step')}
      </summary>
      <div className="nb2pipe-Options-fields">
        {FIELDS.map(field =>
          field === 'cache' ? (
            <CacheField key={field} {...props} onText={set} />
          ) : (
            <TextField key={field} field={field} {...props} onText={set} />
          )
        )}
      </div>
      {(earlier.length > 0 || after.length > 0) && (
        <fieldset className="nb2pipe-Options-after">
          <legend>{trans.__('Waits for')}</legend>
          <p className="nb2pipe-Hint">
            {trans.__(
              'Steps that read each other’s variables wait by themselves. Choose a step only where the order matters for another reason.'
            )}
          </p>
          {[...new Set([...earlier, ...after])].map(name => (
            <label key={name} className="nb2pipe-Check">
              <input
                type="checkbox"
                checked={after.includes(name)}
                onChange={event =>
                  props.onAfter(
                    event.target.checked
                      ? [...after, name]
                      : after.filter(other => other !== name)
                  )
                }
              />
              {name}
            </label>
          ))}
        </fieldset>
      )}
      {props.others.length > 0 && (
        <p className="nb2pipe-Hint">
          {trans.__('As tags: %1', props.others.join('  '))}
        </p>
      )}
    </details>
  );
}

interface IFieldProps extends IOptionsFormProps {
  onText(field: Field, text: string): void;
}

function TextField(props: IFieldProps & { field: Field }): React.JSX.Element {
  const { field, trans } = props;
  const text = props.texts[field] ?? '';
  const word = fieldWord(field, trans);
  const trouble = fieldTrouble(field, text, trans);
  const id = `nb2pipe-option-${field}`;
  const general = props.defaults[field];
  return (
    <div className="nb2pipe-Field" title={word.meaning}>
      <label htmlFor={id}>{word.label}</label>
      <input
        id={id}
        className="jp-mod-styled nb2pipe-Field-input"
        data-testid={id}
        type="text"
        autoComplete="off"
        spellCheck={false}
        aria-invalid={trouble !== null}
        aria-describedby={trouble === null ? undefined : `${id}-trouble`}
        placeholder={
          general ? trans.__('%1, as for all steps', general) : word.example
        }
        value={text}
        onChange={event => props.onText(field, event.target.value)}
      />
      {trouble !== null && (
        <div
          className="nb2pipe-Field-trouble"
          id={`${id}-trouble`}
          role="alert"
        >
          {trouble}
        </div>
      )}
    </div>
  );
}

function CacheField(props: IFieldProps): React.JSX.Element {
  const { trans } = props;
  const word = fieldWord('cache', trans);
  return (
    <div className="nb2pipe-Field" title={word.meaning}>
      <label htmlFor="nb2pipe-option-cache">{word.label}</label>
      <div className="jp-select-wrapper nb2pipe-Field-select">
        <select
          id="nb2pipe-option-cache"
          className="jp-mod-styled"
          data-testid="nb2pipe-option-cache"
          value={props.texts.cache ?? ''}
          onChange={event => props.onText('cache', event.target.value)}
        >
          <option value="">{trans.__('as for all steps')}</option>
          <option value="on">{trans.__('taken if nothing changed')}</option>
          <option value="off">{trans.__('never taken, always run')}</option>
        </select>
      </div>
    </div>
  );
}
