import { HighlightStyle, LanguageSupport, StreamLanguage, indentUnit, syntaxHighlighting, type StringStream } from '@codemirror/language';
import { tags } from '@lezer/highlight';

/** Rhai's words (the language's book, "Keywords"). */
const KEYWORDS = new Set(
  'if else switch do while until loop for in continue break return throw try catch fn private import export as let const global static'.split(' '),
);
const ATOMS = new Set(['true', 'false']);
const SPECIAL = new Set(['this', 'ctx', 'Fn', 'call', 'curry', 'is_def_fn', 'is_def_var', 'type_of', 'print', 'debug']);

/** Where the reader stands: in block comments, which nest, in a string, or in an expression inside of one. */
type State = { comments: number; quote: Quote | null; raw: number; interpolated: number[]; depth: number };
type Quote = '"' | '`' | '#';

const OPEN = '([{';
const CLOSE = ')]}';

function string(stream: StringStream, state: State): string {
  while (!stream.eol()) {
    if (state.quote === '#') {
      if (stream.match('"' + '#'.repeat(state.raw))) {
        state.quote = null;
        return 'string';
      }
    } else if (state.quote === '`' && stream.match('${', false)) {
      if (stream.current()) return 'string';
      stream.match('${');
      state.interpolated.push(state.depth);
      state.depth++;
      state.quote = null;
      return 'bracket';
    } else if (stream.peek() === state.quote) {
      stream.next();
      state.quote = null;
      return 'string';
    } else if (state.quote === '"' && stream.match(/^\\./)) {
      continue;
    }
    stream.next();
  }
  // Only back-quoted and raw strings go on behind the end of a line.
  if (state.quote === '"') state.quote = null;
  return 'string';
}

function comment(stream: StringStream, state: State): string {
  while (!stream.eol()) {
    if (stream.match('/*')) state.comments++;
    else if (stream.match('*/')) {
      state.comments--;
      if (state.comments === 0) return 'comment';
    } else stream.next();
  }
  return 'comment';
}

function token(stream: StringStream, state: State): string | null {
  if (state.comments > 0) return comment(stream, state);
  if (state.quote) return string(stream, state);
  if (stream.eatSpace()) return null;
  if (stream.match('//')) {
    stream.skipToEnd();
    return 'comment';
  }
  if (stream.match('/*')) {
    state.comments = 1;
    return comment(stream, state);
  }
  const raw = stream.match(/^(#+)"/) as RegExpMatchArray | null;
  if (raw) {
    state.quote = '#';
    state.raw = raw[1]?.length ?? 1;
    return string(stream, state);
  }
  if (stream.match(/^'(\\.[^']*|[^'\\])'/)) return 'character';
  if (stream.match('"') || stream.match('`')) {
    state.quote = stream.current() as Quote;
    return string(stream, state);
  }
  if (stream.match(/^(0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*(\.\d[\d_]*)?([eE][+-]?\d+)?)/)) return 'number';
  if (stream.match(/^[A-Za-z_][A-Za-z0-9_]*/)) {
    const word = stream.current();
    if (KEYWORDS.has(word)) return 'keyword';
    if (ATOMS.has(word)) return 'bool';
    if (stream.match(/^\s*::/, false)) return 'namespace';
    if (stream.match(/^\s*\(/, false)) return 'variableName.function';
    return SPECIAL.has(word) ? 'variableName.special' : 'variableName';
  }
  const character = stream.next() ?? '';
  if (OPEN.includes(character)) {
    state.depth++;
    return 'bracket';
  }
  if (CLOSE.includes(character)) {
    state.depth = Math.max(0, state.depth - 1);
    if (character === '}' && state.interpolated.at(-1) === state.depth) {
      state.interpolated.pop();
      state.quote = '`';
    }
    return 'bracket';
  }
  return /[+\-*/%=<>!&|^~?]/.test(character) ? 'operator' : null;
}

const language = StreamLanguage.define<State>({
  name: 'rhai',
  startState: () => ({ comments: 0, quote: null, raw: 0, interpolated: [], depth: 0 }),
  copyState: (state) => ({ ...state, interpolated: [...state.interpolated] }),
  token,
  tokenTable: { namespace: tags.namespace, character: tags.character },
  indent(state, textAfter, context) {
    // What continues a text is as its writer left it.
    if (state.quote || state.comments > 0) return null;
    const closes = /^\s*[)\]}]/.test(textAfter) ? 1 : 0;
    return Math.max(0, state.depth - closes) * context.unit;
  },
  languageData: { commentTokens: { line: '//', block: { open: '/*', close: '*/' } }, closeBrackets: { brackets: ['(', '[', '{', '"', '`'] }, indentOnInput: /^\s*[)\]}]$/ },
});

/** Colours are those of the page, so that dark and light need no second style. */
const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.character], color: 'var(--code-string)' },
  { tag: [tags.number, tags.bool], color: 'var(--code-number)' },
  { tag: tags.comment, color: 'var(--text-soft)', fontStyle: 'italic' },
  { tag: tags.function(tags.variableName), color: 'var(--code-function)' },
  { tag: tags.namespace, color: 'var(--code-namespace)' },
  { tag: tags.special(tags.variableName), color: 'var(--code-namespace)' },
]);

export function rhai(): LanguageSupport {
  return new LanguageSupport(language, [syntaxHighlighting(colours), indentUnit.of('    ')]);
}
