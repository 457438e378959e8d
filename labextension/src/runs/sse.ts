/** The text of a server-sent event stream in, piece by piece as it comes; its messages out. */

/** One message. `id` is the last id that the stream has told, in this message or before it. */
export interface IMessage {
  event: string;
  id: string;
  data: string;
}

/** Reads the lines of a stream, wherever its pieces are cut: within a line, or between `\r` and `\n`. */
export class MessageReader {
  /** The messages that are whole now. */
  push(text: string): IMessage[] {
    const found: IMessage[] = [];
    let rest = this._rest + text;
    if (!this._begun && rest.length > 0) {
      this._begun = true;
      rest = rest.startsWith('\ufeff') ? rest.slice(1) : rest;
    }
    for (;;) {
      const end = /\r\n|\n|\r/.exec(rest);
      // a `\r` at the end of a piece may be the first half of `\r\n`
      if (!end || (end[0] === '\r' && end.index === rest.length - 1)) {
        break;
      }
      this._line(rest.slice(0, end.index), found);
      rest = rest.slice(end.index + end[0].length);
    }
    this._rest = rest;
    return found;
  }

  private _line(line: string, found: IMessage[]): void {
    if (line === '') {
      if (this._data.length > 0) {
        const data = this._data.join('\n');
        found.push({ event: this._event || 'message', id: this._id, data });
      }
      this._data = [];
      this._event = '';
      return;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') {
      this._data.push(value);
    } else if (field === 'event') {
      this._event = value;
    } else if (field === 'id' && !value.includes('\0')) {
      this._id = value;
    }
  }

  private _rest = '';
  private _begun = false;
  private _event = '';
  private _id = '';
  private _data: string[] = [];
}

/** How long to wait before the next try, in ms: doubled from 500 up to 30 s, and spread, so that tabs don't come at once. */
export function pause(failures: number, chance: number): number {
  const whole = Math.min(30_000, 500 * 2 ** Math.min(failures, 10));
  return Math.round(whole * (0.5 + chance / 2));
}
