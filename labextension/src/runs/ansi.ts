/** Text with terminal colours in, lines of plain pieces with class names out. No HTML is ever made of it. */

/** A piece of one line. `classes` are those of JupyterLab's own text outputs; `color` where it has no class. */
export interface IPiece {
  text: string;
  classes: string;
  color?: string;
  background?: string;
}

/** How letters are shown from here on. Colours: 0 to 15, or `rgb(…)`. */
interface IStyle {
  fg: number | string | null;
  bg: number | string | null;
  bold: boolean;
  underline: boolean;
  inverse: boolean;
}

const PLAIN: IStyle = {
  fg: null,
  bg: null,
  bold: false,
  underline: false,
  inverse: false
};

const NAMES = [
  'black',
  'red',
  'green',
  'yellow',
  'blue',
  'magenta',
  'cyan',
  'white'
];

// colours (group 1); other control sequences; titles and links of terminals; lone escapes; what a terminal doesn't show
const ESCAPES =
  /\x1b\[([\d;:]*)m|\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]?|[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]/g;

/** The lines of a text. What a `\r` or `\b` goes back over is overwritten, as on a terminal. */
export function lines(text: string): IPiece[][] {
  const found: IPiece[][] = [];
  let style = PLAIN;
  for (const line of text.split('\n')) {
    const [pieces, after] = lineOf(line.replace(/\r+$/, ''), style);
    found.push(pieces);
    style = after;
  }
  return found;
}

/** The text without its colours. */
export function plain(text: string): string {
  return lines(text)
    .map(pieces => pieces.map(piece => piece.text).join(''))
    .join('\n');
}

function lineOf(line: string, before: IStyle): [IPiece[], IStyle] {
  if (!/[\x1b\r\b\x00-\x07\x0b-\x1f\x7f]/.test(line)) {
    return [line === '' ? [] : [pieceOf(line, before)], before];
  }
  const letters: Array<[string, IStyle]> = [];
  let style = before;
  let place = 0;
  let from = 0;
  const write = (text: string): void => {
    for (const letter of text) {
      if (letter === '\r') {
        place = 0;
      } else if (letter === '\b') {
        place = Math.max(0, place - 1);
      } else {
        letters[place] = [letter, style];
        place += 1;
      }
    }
  };
  for (const match of line.matchAll(ESCAPES)) {
    write(line.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[1] !== undefined) {
      style = styled(style, match[1]);
    }
  }
  write(line.slice(from));
  return [joined(letters), style];
}

function joined(letters: ReadonlyArray<[string, IStyle]>): IPiece[] {
  const found: IPiece[] = [];
  let last: IStyle | null = null;
  for (const [letter, style] of letters) {
    const piece = found[found.length - 1];
    if (piece && style === last) {
      piece.text += letter;
    } else {
      found.push(pieceOf(letter, style));
    }
    last = style;
  }
  return found;
}

function pieceOf(text: string, style: IStyle): IPiece {
  const [fg, bg] = style.inverse ? [style.bg, style.fg] : [style.fg, style.bg];
  const classes: string[] = [];
  const piece: IPiece = { text, classes: '' };
  if (typeof fg === 'number') {
    classes.push(`ansi-${named(fg)}-fg`);
  } else if (fg !== null) {
    piece.color = fg;
  } else if (style.inverse) {
    classes.push('ansi-default-inverse-fg');
  }
  if (typeof bg === 'number') {
    classes.push(`ansi-${named(bg)}-bg`);
  } else if (bg !== null) {
    piece.background = bg;
  } else if (style.inverse) {
    classes.push('ansi-default-inverse-bg');
  }
  if (style.bold) {
    classes.push('ansi-bold');
  }
  if (style.underline) {
    classes.push('ansi-underline');
  }
  piece.classes = classes.join(' ');
  return piece;
}

function named(colour: number): string {
  return `${NAMES[colour % 8]}${colour >= 8 ? '-intense' : ''}`;
}

/** The style after the numbers of one sequence; those that say nothing to us change nothing. */
function styled(before: IStyle, given: string): IStyle {
  const numbers = given.split(/[;:]/).map(Number);
  let style = { ...before };
  for (let place = 0; place < numbers.length; place++) {
    const code = numbers[place] ?? 0;
    if (code === 0) {
      style = { ...PLAIN };
    } else if (code === 1) {
      style.bold = true;
    } else if (code === 22) {
      style.bold = false;
    } else if (code === 4 || code === 24) {
      style.underline = code === 4;
    } else if (code === 7 || code === 27) {
      style.inverse = code === 7;
    } else if (code === 38 || code === 48) {
      const [colour, used] = extended(numbers.slice(place + 1));
      style[code === 38 ? 'fg' : 'bg'] = colour;
      place += used;
    } else if (code === 39) {
      style.fg = null;
    } else if (code === 49) {
      style.bg = null;
    } else if (code >= 30 && code <= 37) {
      style.fg = code - 30;
    } else if (code >= 40 && code <= 47) {
      style.bg = code - 40;
    } else if (code >= 90 && code <= 97) {
      style.fg = code - 82;
    } else if (code >= 100 && code <= 107) {
      style.bg = code - 92;
    }
  }
  return style;
}

/** A colour of the 256, or of red, green, blue; and how many numbers told it. */
function extended(numbers: number[]): [number | string | null, number] {
  const [kind, first = 0, second = 0, third = 0] = numbers;
  if (kind === 2) {
    const all = [first, second, third].map(part => Math.min(255, part));
    return [`rgb(${all.join(', ')})`, 4];
  }
  if (kind !== 5) {
    return [null, 0];
  }
  if (first < 16) {
    return [first, 2];
  }
  if (first >= 232) {
    const grey = Math.min(255, 8 + (first - 232) * 10);
    return [`rgb(${grey}, ${grey}, ${grey})`, 2];
  }
  const cube = first - 16;
  const parts = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6];
  const all = parts.map(part => (part === 0 ? 0 : 55 + part * 40));
  return [`rgb(${all.join(', ')})`, 2];
}
