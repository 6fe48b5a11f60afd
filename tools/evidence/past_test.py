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

"""Tests of what was seen over versions."""

import json
import pathlib

from absl.testing import absltest

from tfmot_contrib import errors
from tools.env import bootstrap
from tools.evidence import past

_NIGHT = {
    'channel': 'nightly',
    'date': '2026-11-01',
    'explained': {},
    'green': False,
    'mended': [],
    'seconds': 9,
    'targets': ['//a:b'],
    'tests': {'//a:b': 'FAILED', '//a:c': 'PASSED'},
    'tier': 'cpu',
    'versions': {'tf-nightly': '2.23.0'},
    'words': {},
}


class PastTest(absltest.TestCase):

  def test_signed_evidence(self):
    header, body = past.tables(bootstrap.ROOT)['Over versions']
    seen = [dict(zip(header, line, strict=True)) for line in body]
    self.assertContainsSubset({'0.8.0', '0.8.1'}, {s['TFMOT'] for s in seen})
    for one in seen:
      self.assertRegex(one['claims'], r'all \d+ good')
      self.assertNotEmpty(one['drop'])

  def test_nights(self):
    root = pathlib.Path(self.create_tempdir().full_path)
    path = root / 'docs/nightly.jsonl'
    path.parent.mkdir()
    later = {**_NIGHT, 'date': '2026-11-02', 'green': True}
    path.write_text(f'{json.dumps(_NIGHT)}\n{json.dumps(later)}\n')
    _, body = past.tables(root)['Nights']
    self.assertEqual([line[0] for line in body], ['2026-11-02', '2026-11-01'])
    versions = 'tf-nightly 2.23.0'
    passed = '1 of 2 tests pass'
    self.assertEqual(body[1][1:], ['nightly', versions, passed, 'red'])
    path.write_text('{}')
    with self.assertRaisesRegex(errors.InputError, 'line 1 is no night'):
      past.tables(root)
    for key, bad in (('tests', []), ('versions', None), ('green', 'yes')):
      path.write_text(json.dumps(_NIGHT) + '\n')
      with path.open('a') as stream:
        stream.write(json.dumps({**_NIGHT, key: bad}))
      with self.assertRaisesRegex(errors.InputError, f'2 is no .*its {key} is'):
        past.tables(root)

  def test_nothing(self):
    found = past.tables(pathlib.Path(self.create_tempdir().full_path))
    self.assertEqual([body for _, body in found.values()], [[], []])


if __name__ == '__main__':
  absltest.main()
