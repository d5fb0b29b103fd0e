import assert from 'node:assert/strict';
import { test } from 'node:test';
import { particularsOf, wordsOf } from './words.ts';

const differ = (first: string, second: string): void =>
  assert.notDeepEqual(particularsOf(first), particularsOf(second), `${first} / ${second}`);
const same = (first: string, second: string): void =>
  assert.deepEqual(particularsOf(first), particularsOf(second), `${first} / ${second}`);

test('words have no case, and a contraction says what it negates', () => {
  assert.deepEqual(wordsOf('Don’t PANIC, it’s fine — you can’t.'), [
    'do',
    'not',
    'panic',
    'it',
    's',
    'fine',
    'you',
    'can',
    'not',
  ]);
  assert.deepEqual(wordsOf('  …! '), []);
  assert.deepEqual(wordsOf('ﬁne Straße 東京'), ['fine', 'straße', '東', '京']);
});

test('numbers, names, quotations, code, negations, directions and what is asked for tell questions apart', () => {
  differ('Convert 10 km to miles', 'Convert 12 km to miles');
  differ('What is the capital of France?', 'What is the capital of Germany?');
  differ('fly from Paris to London', 'fly from London to Paris');
  differ('What does “left” mean here?', 'What does “right” mean here?');
  differ('run foo.bar now please', 'run foo.baz now please');
  differ('is it safe', 'is it not safe');
  differ('should I do it', "shouldn't I do it");
  differ('how do i enable the alarm', 'how do i disable the alarm');
  differ('what happens before the start of the game', 'what happens after the start of the game');
  differ('when was it built', 'where was it built');
  differ('the largest lake there', 'the smallest lake there');
  differ('the opening hours on monday', 'the opening hours on sunday');
  differ('Does NASA have one?', 'Does ESA have one?');
  differ('does my iPhone have one', 'does my iPad have one');
  differ('kann ich das', 'kann ich das nicht');
});

test('signs, units, signs of numbers and superscripts tell questions apart, and so does the order after from and than', () => {
  differ('What is 7 + 3?', 'What is 7 - 3?');
  differ('what is a * b', 'what is a / b');
  differ('what is the square of -5', 'what is the square of 5');
  differ('What is 10²?', 'What is 102?');
  differ('what is 2 + 2 + 3', 'what is 2 + 3 + 3');
  differ('convert 100 $ to pounds', 'convert 100 € to pounds');
  differ('what is 5% of it', 'what is 5 of it');
  differ('is x < y', 'is x > y');
  differ('is 👍 good', 'is 👎 good');
  differ('a dose of 10 mg', 'a dose of 10 ml');
  differ('trains from paris to london', 'trains from london to paris');
  differ('is java faster than python', 'is python faster than java');
  differ('the weather. City: Paris', 'the weather. City: London');
  differ('the weather. City:\nParis', 'the weather. City:\nLondon');
  differ('must I open it', 'may I open it');
  same('Question: How do I reset it?', 'question: how do I reset it?');
});

test('what cannot be seen says nothing', () => {
  assert.deepEqual(wordsOf('can\u00adnot do n\u200bot'), ['cannot', 'do', 'not']);
});

test('politeness, articles, case of the first word and thousands separators do not', () => {
  same('What is the capital of France?', "what's the capital of France, please");
  same('How do I cancel my order?', 'how can I cancel an order');
  same('Is 1,000 enough?', 'is 1000 enough');
  same("What is Berlin's population?", 'what is the population of Berlin');
  same('I think I’m lost', 'i am lost i think');
});
