// Words: a text as words and as particulars, the words that make it a question about this and nothing else: numbers, names,
// quotations, negations, directions. Two questions that differ in a particular are never neighbours, however alike they look.
// Particulars are told by their form and from short lists (English first, some German, French and Spanish): what is missed
// here must still be caught by what is learned, so a list that knows too few words costs safety's margin, not safety.

/** What says little of what a text is about. */
const common: ReadonlySet<string> = new Set(
  (
    'a an the this that these those is are was were be been being am do does did done have has had i me my mine we us our you your ' +
    'he him his she her it its they them their of to in on at by for from with about into as and or but if so than then there here ' +
    'what which whats whos please can could would should will shall may might must just also too very really tell give show let ' +
    'want need know like hi hello hey thanks thank s t m re ve ll d ' +
    'der die das den dem des ein eine einen einem einer ist sind war und oder ich du er sie es wir ihr mein dein im am zu von mit ' +
    'für auf an bitte kann ' +
    'le la les un une des du de et ou est sont je tu il elle nous vous mon ton au aux en pour avec que qui ' +
    'el los las una unos y o es son yo mi su del al por con que'
  ).split(' '),
);

/** What turns an answer around, or into another one. */
const turning: ReadonlySet<string> = new Set(
  (
    'not no nor none never neither without cannot except unless instead nicht kein keine keinen ohne nie niemals ne pas jamais sans ' +
    'nunca sin ' +
    'who whose whom when where why wer wann wo warum qui quand où pourquoi quién cuándo dónde ' +
    'many much long old far often tall ' +
    'before after above below over under more less fewer most least minimum maximum min max increase decrease raise lower enable ' +
    'disable enabled disabled on off open close opened closed start stop begin end add remove insert delete install uninstall ' +
    'left right up down in out inside outside buy sell win lose import export upload download encrypt decrypt first last oldest ' +
    'newest highest lowest largest smallest biggest longest shortest best worst fastest slowest male female true false hot cold ' +
    'today tomorrow yesterday now ' +
    'must always only allowed forbidden permitted prohibited banned legal illegal safe unsafe dangerous possible impossible ' +
    'required optional mandatory valid invalid ' +
    'monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october ' +
    'november december ' +
    'two three four five six seven eight nine ten eleven twelve twenty thirty fifty hundred thousand million billion half double ' +
    'second third fourth fifth'
  ).split(' '),
);
/** Of these the same letters in front of other words say nothing: `log in`, `based on`. */
const onlyAlone: ReadonlySet<string> = new Set(['in', 'on', 'over', 'right', 'long', 'much', 'second']);

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*/gu;
/** A minus belongs to its number where nothing stands before it that it could be taken from. */
const TOKEN =
  /(?:(?<![\p{L}\p{M}\p{N})\]])(?<![\p{N})\]]\s)-(?=\p{N}))?[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}'’._/@#+:=^\\-]*[\p{L}\p{M}\p{N}#+])?/gu;
/** Signs that say something: of reckoning and comparing, currencies, pictures; a dash and the like after what may be reckoned with. */
const SIGN = /[\p{Sm}\p{Sc}\p{So}%]|(?<=(?:[\p{N})\]]|(?<![\p{L}\p{M}\p{N}])\p{L})\s?)[-–*/^]+/gu;
/** After these the order counts: from Paris, faster than a train. */
const bound: ReadonlySet<string> = new Set(['from', 'than', 'into', 'von', 'als', 'desde', 'depuis']);
const UNIT = /^\p{L}{1,3}$/u;
/** In most texts there is nothing to do. */
const UNPLAIN = /[^ -~\t\n\r]|\d,\d{3}/;
const SUPERSCRIPT = /(?<![⁰¹²³⁴-⁹])(?=[⁰¹²³⁴-⁹])/g;
/** Written without spaces: each letter is a word. */
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]/u;
const QUOTED = /`([^`]{1,200})`|"([^"]{1,200})"|“([^”]{1,200})”|«([^»]{1,200})»/gu;
const SENTENCE_END = /(?:[.!?;。！？]|(?<!:\s*)\n)\s*$/u;
const COLON = /:\s*$/u;
/** Characters, or words, that are looked at on one side. */
const BEFORE = 4;
const NONE = -2;

/** In order, without case. Contractions come apart from what they negate: `don't` is `do` and `not`. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [match] of plainOf(text).toLowerCase().matchAll(WORD)) {
    const word = match.replaceAll('’', "'");
    if (word.endsWith("n't")) words.push(word === "can't" ? 'can' : word.slice(0, -3), 'not');
    else if (word === 'dont' || word === 'doesnt' || word === 'isnt' || word === 'cant') words.push('do', 'not');
    else if (UNSPACED.test(word)) words.push(...Array.from(word));
    else words.push(...word.split("'"));
  }
  return words.filter((word) => word !== '');
}

/** One form of each letter, numbers without marks between their thousands, 10² as 10^2, and nothing that cannot be seen. */
export function plainOf(text: string): string {
  if (!UNPLAIN.test(text)) return text;
  return text
    .replaceAll(SUPERSCRIPT, '^')
    .normalize('NFKC')
    .replaceAll(/\p{Cf}|(?<=\d),(?=\d{3})/gu, '');
}

export const isCommon = (word: string): boolean => common.has(word);

/**
 * Names (each once) and numbers in their order (from Paris to London is not from London to Paris), then signs in theirs, then
 * the rest. Equal for two texts: they ask about the same things, as far as form tells.
 */
export function particularsOf(text: string): string[] {
  const plain = plainOf(text);
  const found = new Set<string>();
  for (const [, ...groups] of plain.matchAll(QUOTED))
    found.add(`"${groups.find((group) => group !== undefined) ?? ''}`);
  const ordered = [...found, ...namesOf(plain, found)];
  for (const [sign] of plain.matchAll(SIGN)) ordered.push(sign);
  const words = wordsOf(plain);
  const turns = new Set<string>();
  for (const [at, word] of words.entries()) {
    if (turning.has(word) && !(onlyAlone.has(word) && words.length > 2)) turns.add(word);
    if (bound.has(word)) turns.add(boundTo(words, at));
  }
  return [...ordered, ...[...turns].toSorted()];
}

function namesOf(plain: string, found: Set<string>): string[] {
  const names: string[] = [];
  let numberEnd = NONE;
  for (const match of plain.matchAll(TOKEN)) {
    const [token] = match;
    const isNumber = /\p{N}/u.test(token);
    const isUnit = match.index === numberEnd + 1 && UNIT.test(token) && !isCommon(token.toLowerCase());
    if (isUnit || isNumber || isName(token, plain.slice(Math.max(0, match.index - BEFORE), match.index))) {
      const name = nameOf(token);
      if (isNumber || !found.has(name)) names.push(name);
      found.add(name);
    }
    numberEnd = isNumber ? match.index + token.length : NONE - 1;
  }
  return names;
}

/** Something written as code is, or a name: capitals where no sentence begins. After a colon what is named may begin one. */
function isName(token: string, before: string): boolean {
  if (/[._/@#+:=^\\]/.test(token)) return true;
  if (/^I(?:['’]\p{Ll}+)?$/u.test(token)) return false;
  if (/^.\p{Ll}*\p{Lu}/u.test(token)) return true;
  if (before === '' || SENTENCE_END.test(before) || !/^\p{Lu}/u.test(token)) return false;
  const word = token.toLowerCase();
  return !COLON.test(before) || !(word === 'how' || isCommon(word) || turning.has(word));
}

/** With the next word that says something. */
function boundTo(words: readonly string[], at: number): string {
  const next = words.slice(at + 1, at + 1 + BEFORE).find((word) => !isCommon(word));
  return `${words[at]} ${next ?? ''}`;
}

const nameOf = (token: string): string => token.toLowerCase().replace(/['’]s$/, '');
