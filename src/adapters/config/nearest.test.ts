import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hint, nearest } from './nearest.ts';

const settings = ['apiKey', 'apiKeys', 'baseUrl', 'maxConcurrent', 'requestsPerMinute', 'tier'];

test('typing errors find the right name', () => {
  assert.equal(nearest('maxConcurent', settings), 'maxConcurrent');
  assert.equal(nearest('teir', settings), 'tier');
  assert.equal(nearest('APIKEY', settings), 'apiKey');
});

test('other spellings and other gateways’ names find the right name', () => {
  assert.equal(nearest('api_key', settings), 'apiKey');
  assert.equal(nearest('base_url', settings), 'baseUrl');
  assert.equal(nearest('api_base', settings), 'baseUrl');
  assert.equal(nearest('rpm', settings), 'requestsPerMinute');
});

test('what is near nothing gets no suggestion, only the choices when they are few', () => {
  assert.equal(nearest('zebra', settings), null);
  assert.equal(hint('zebra', ['a-long-name', 'other']), ' — known: `a-long-name`, `other`');
  assert.equal(hint('zebra', []), '');
});
