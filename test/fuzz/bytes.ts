// Bytes for fuzzing: breaking messages and cutting them into pieces. Latin-1 strings stand for bytes.
import type { Dice } from './dice.ts';

const SPECIAL = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ';',
  ',',
  '0',
  '5',
  'f',
  '-',
  '+',
  '"',
  '\x7f',
  '\xe9',
  '\x0b',
] as const;

export function mutated(text: string, dice: Dice): string {
  let result = text;
  for (let times = dice.below(3) + 1; times > 0; times--) result = mutatedOnce(result, dice);
  return result;
}

function mutatedOnce(text: string, dice: Dice): string {
  const at = dice.below(text.length + 1);
  const length = dice.below(8) + 1;
  switch (dice.below(6)) {
    case 0:
      return text.slice(0, at) + dice.pick(SPECIAL) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + length);
    case 2:
      return text.slice(0, at) + String.fromCharCode(dice.below(256)) + text.slice(at + 1);
    case 3:
      return text.slice(0, at) + text.slice(Math.max(0, at - length), at) + text.slice(at);
    case 4:
      return text.slice(0, at) + dice.pick(SPECIAL) + text.slice(at + 1);
    default:
      return swappedLines(text, dice);
  }
}

function swappedLines(text: string, dice: Dice): string {
  const lines = text.split('\r\n');
  const from = dice.below(lines.length);
  const [moved = ''] = lines.splice(from, 1);
  lines.splice(dice.below(lines.length + 1), 0, moved);
  return lines.join('\r\n');
}

/** In one piece as often as not; else in a few, or byte by byte. */
export function pieces(text: string, dice: Dice): Buffer[] {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length === 0) return [];
  const way = dice.next();
  if (way < 0.5) return [bytes];
  if (way > 0.97) return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
  const cuts = Array.from({ length: dice.below(4) + 1 }, () => dice.below(bytes.length)).toSorted((a, b) => a - b);
  return [0, ...cuts]
    .map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length))
    .filter((part) => part.length > 0);
}
