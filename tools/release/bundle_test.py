# Copyright 2026 The TFMOT Models Authors. All Rights Reserved.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Tests of the evidence bundle: kept, sealed, read again, for people."""

import json
import math
import os
import pathlib
from typing import Any
from unittest import mock

from absl.testing import absltest

from tfmot_contrib import errors
from tfmot_contrib.convergence import pairing
from tools.evidence import signatures
from tools.evidence import testing
from tools.release import bundle as bundle_lib

_CLAIM = {
    'claim': 'zipped_size',
    'documented': 'up to 6x | zipped',
    'measured': 0.25,
    'bound': '<= 0.3',
    'verdict': 'pass',
    'good': True,
}
_SEED = {'seed': 1, 'record': 'a' * 64, 'inputs': 'b' * 64}
_KNOWN = {
    'technique': 'pruning',
    'test': 'net',
    'claim': 'kept',
    'issue': 'https://github.com/x/y/issues/1',
    'owner': '@owner',
    'until': '2999-01-01',
}


def _bundle(**changes: Any) -> dict[str, Any]:
  """Returns a bundle without its digest."""
  test = {
      'technique': 'pruning',
      'test': 'net',
      'status': 'PASSED',
      'seeds': [_SEED, {**_SEED, 'seed': 2}],
      'records': {},
      'claims': [_CLAIM],
  }
  fields = {
      'schema': bundle_lib.SCHEMA_VERSION,
      'tier': 'cpu',
      'scope': ['pruning'],
      'tfmot': {'setting': '0.9.0', 'version': '0.9.0', 'content': ''},
      'tensorflow': '2.20.0',
      'mirror': 'c' * 64,
      'when': '2026-11-28T00:00:00Z',
      'resumed': 'PASSED',
      'tests': [test],
      'known_failures': [],
      'reproduced': [],
      'refusals': [],
  }
  return {**fields, **changes}


class BundleTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path) / 'a/bundle'

  def publish(self, **changes: Any) -> None:
    scratch = bundle_lib.scratch_beside(self.folder)
    bundle_lib.publish(scratch, _bundle(**changes), self.folder, ['pruning'])
    self.assertFalse(scratch.exists())

  def test_published_and_read(self):
    self.publish()
    self.publish(tier='smoke')  # In the place of the first.
    self.assertEqual(bundle_lib.load(self.folder)['tier'], 'smoke')
    names = sorted(path.name for path in self.folder.iterdir())
    self.assertEqual(names, ['bundle.json', 'bundle.md', 'tested_against.md'])

  def tampered(self, bad: Any) -> None:
    """Asserts that a bundle is refused that has such a JSON."""
    path = self.folder / bundle_lib.BUNDLE
    path.write_text(json.dumps(bad), encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, '^tampered: '):
      bundle_lib.load(self.folder)

  def test_broken_parts(self):
    self.publish()
    good = bundle_lib.load(self.folder)
    for bad in (
        [],
        {**good, 'digest': None},
        {**good, 'reproduced': [math.nan]},
    ):
      self.tampered(bad)
    (test,) = good['tests']
    for part in (
        {'scope': 'pruning'},
        {'scope': [1]},
        {'resumed': None},
        {'tfmot': {}},
        {'tests': [{}]},
        {'tests': [3]},
        {'tests': [{**test, 'seeds': [1]}]},
        {'tests': [{**test, 'seeds': [{}]}]},
        {'tests': [{**test, 'claims': [1]}]},
    ):
      self.tampered(signatures.seal({**good, **part}))

  def test_earlier_bundle_stays_when_it_cannot_be_replaced(self):
    self.publish()
    real = os.replace

    def replace(source: pathlib.Path, target: pathlib.Path) -> None:
      if (source / 'bundle.md').read_text('utf-8').count('tier smoke'):
        raise OSError(28, 'No space left on device')
      real(source, target)

    with mock.patch.object(bundle_lib.os, 'replace', replace):
      with self.assertRaisesRegex(errors.InputError, 'No space left'):
        self.publish(tier='smoke')
    self.assertEqual(bundle_lib.load(self.folder)['tier'], 'cpu')

  def test_place_that_is_taken(self):
    self.folder.parent.mkdir()
    self.folder.write_text('a file', encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, 'is no folder'):
      bundle_lib.check_free(self.folder)

  def test_records_are_kept(self):
    run = testing.run('3', '1')
    baseline = testing.run('1')
    shown = pairing.Shown([run], baseline, [testing.run('2', '1')])
    kept = bundle_lib.keep_records(self.folder, 'pruning', 'net', shown)
    base = 'records/pruning/net.'
    self.assertEqual(
        sorted(kept),
        [f'{base}{name}.json' for name in ('baseline', 'control1', 'seed1')],
    )
    entry = {**_bundle()['tests'][0], 'seeds': [{'seed': 1}], 'records': kept}
    self.assertEqual(bundle_lib.shown_of(self.folder, entry), shown)

  def test_numbers_that_json_does_not_have(self):
    found = bundle_lib.finite({'a': [math.nan, (1.0, math.inf)], 'b': 'x'})
    self.assertEqual(found, {'a': ['nan', [1.0, 'inf']], 'b': 'x'})
    claim = {**_CLAIM, 'measured': 'nan'}
    tests = [{**_bundle()['tests'][0], 'claims': [claim]}]
    self.assertIn('| nan | <= 0.3 |', bundle_lib.markdown(_bundle(tests=tests)))

  def test_markdown(self):
    text = bundle_lib.markdown(
        _bundle(refusals=['failed: x'], known_failures=[_KNOWN])
    )
    self.assertStartsWith(text, '# TFMOT 0.9.0: NOT held\n')
    self.assertIn('* failed: x\n', text)
    self.assertIn('`pruning:net` kept: https://github.com/x/y/issues/1', text)
    self.assertIn('| 2 | zipped_size | up to 6x \\| zipped | 0.25 |', text)
    self.assertIn('## Reproduced\n\nNone.', text)

  def test_tested_against(self):
    text = bundle_lib.tested_against(
        _bundle(known_failures=[_KNOWN], reproduced=['one thing']), ['pruning']
    )
    self.assertIn('* pruning: tested against TensorFlow 2.20.0 and', text)
    self.assertIn('1 claims of 1 convergence tests hold, in 2 runs.', text)
    self.assertIn('* Known: kept of net does not hold (https://', text)
    self.assertIn('* one thing', text)
    for why, known, changes in (
        ('tier smoke only', ['pruning'], {'tier': 'smoke'}),
        ('1 refusals', ['pruning'], {'refusals': ['failed: x']}),
        ('without clustering', ['clustering', 'pruning'], {}),
    ):
      text = bundle_lib.tested_against(_bundle(**changes), known)
      self.assertStartsWith(text, f'Not for release notes ({why}): ')
      self.assertNotIn('tested against', text)


if __name__ == '__main__':
  absltest.main()
