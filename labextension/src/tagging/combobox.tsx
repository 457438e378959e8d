/** Names that there are in, the one chosen or typed out: a combobox as the ARIA practices describe it. */

import * as React from 'react';

/** A name to choose. `colour`: of the dot before it; null for a new one. */
export interface IChoice {
  readonly name: string;
  readonly label: string;
  readonly colour: number | null;
}

/** What a combobox is given. */
export interface IComboboxProps {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly choices: readonly IChoice[];
  readonly placeholder: string;
  readonly trouble: string | null;
  readonly autoFocus: boolean;
  onChange(value: string): void;
  onFocus(): void;
}

/** A text field with a list of suggestions. The list opens while typing, and with the arrow keys. */
export function Combobox(props: IComboboxProps): React.JSX.Element {
  const { id, value, choices, trouble } = props;
  const [isOpen, setOpen] = React.useState(false);
  const [active, setActive] = React.useState(-1);
  const listId = `${id}-list`;
  const field = React.useRef<HTMLInputElement>(null);

  React.useEffect(() => {
    if (props.autoFocus) {
      field.current?.focus();
      field.current?.select();
    }
  }, [props.autoFocus]);

  const choose = (choice: IChoice): void => {
    props.onChange(choice.name);
    setOpen(false);
    setActive(-1);
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const taken = keyOf(event.key, isOpen, active, choices.length);
    if (taken === null) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const chosen = choices[active];
    if (taken === 'choose' && chosen) {
      choose(chosen);
    } else if (taken === 'close') {
      setOpen(false);
      setActive(-1);
    } else if (typeof taken === 'number') {
      setOpen(true);
      setActive(taken);
    }
  };
  return (
    <div className="nb2pipe-Combobox">
      <input
        ref={field}
        id={id}
        className="jp-mod-styled nb2pipe-Field-input"
        data-testid="nb2pipe-popover-name"
        type="text"
        role="combobox"
        autoComplete="off"
        spellCheck={false}
        aria-label={props.label}
        aria-expanded={isOpen && choices.length > 0}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
        aria-invalid={trouble !== null}
        aria-describedby={trouble === null ? undefined : `${id}-trouble`}
        placeholder={props.placeholder}
        value={value}
        onChange={event => {
          props.onChange(event.target.value);
          setOpen(true);
          setActive(-1);
        }}
        onFocus={props.onFocus}
        onClick={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      {isOpen && choices.length > 0 && (
        <ul
          className="nb2pipe-Combobox-list"
          id={listId}
          role="listbox"
          aria-label={props.label}
        >
          {choices.map((choice, place) => (
            <li
              key={choice.name}
              id={`${id}-${place}`}
              className="nb2pipe-Combobox-choice"
              role="option"
              aria-selected={place === active}
              // before the field loses the focus, which closes the list
              onMouseDown={event => {
                event.preventDefault();
                choose(choice);
              }}
            >
              <Dot colour={choice.colour} />
              {choice.label}
            </li>
          ))}
        </ul>
      )}
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

/** The colour of a step. The name stands beside it, always. */
export function Dot(props: { colour: number | null }): React.JSX.Element {
  const value =
    props.colour === null
      ? 'transparent'
      : `var(--nb2pipe-step-${props.colour})`;
  return (
    <span
      className="nb2pipe-Dot"
      aria-hidden="true"
      style={{ backgroundColor: value }}
    />
  );
}

/** What a key does: close the list, take the active choice, or make another one active. Null: nothing. */
function keyOf(
  key: string,
  isOpen: boolean,
  active: number,
  count: number
): 'close' | 'choose' | number | null {
  switch (key) {
    case 'ArrowDown':
      return count ? (active + 1) % count : null;
    case 'ArrowUp':
      return count ? (active + count - (active < 0 ? 0 : 1)) % count : null;
    case 'Enter':
      return isOpen && active >= 0 ? 'choose' : null;
    case 'Escape':
      return isOpen && count ? 'close' : null;
    default:
      return null;
  }
}
