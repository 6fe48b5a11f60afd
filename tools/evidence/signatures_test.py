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

"""Tests that evidence which is not what was signed is refused."""

import json
import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.evidence import project_testing
from tools.evidence import signatures


class EvidenceTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    top = pathlib.Path(self.create_tempdir().full_path)
    self.root = top / 'project'
    project_testing.project(self.root)

  def test_written_and_read(self):
    signed = project_testing.signed(self.root)
    path = signatures.write(self.root, signed)
    self.assertEqual(
        str(path.relative_to(self.root)),
        f'tfmot_contrib/net/evidence/signed/{project_testing.TEST}/'
        'tfmot-0.8.1.contributor.json',
    )
    self.assertEqual(signatures.load(path), signed)
    second = project_testing.signed(
        self.root, party='Bob', role='second_party', technique='other'
    )
    signatures.write(self.root, second)
    self.assertEqual(signatures.collect(self.root), [signed, second])
    self.assertEqual(signed['mirror'], 'c' * 64)
    self.assertRegex(signed['when'], r'^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$')
    self.assertEmpty(signatures.bad_claims(signed))

  @parameterized.parameters(
      ('party', 'Eve'),
      ('when', '2020-01-01T00:00:00Z'),
      ('mirror', 'd' * 64),
      ('claims', []),
      ('more', 1),
      ('digest', 'a' * 64),
      ('schema', 0),
  )
  def test_tampered(self, key, value):
    path = signatures.write(self.root, project_testing.signed(self.root))
    changed = json.loads(path.read_text(encoding='utf-8'))
    changed[key] = value
    path.write_text(json.dumps(changed), encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, 'sign it again'):
      signatures.load(path)
    with self.assertRaisesRegex(errors.InputError, str(path)):
      signatures.collect(self.root)

  def test_a_measured_number_that_was_edited(self):
    path = signatures.write(self.root, project_testing.signed(self.root))
    text = path.read_text(encoding='utf-8')
    path.write_text(text.replace('"measured": 10', '"measured": 11'))
    with self.assertRaisesRegex(errors.InputError, 'was edited after it was'):
      signatures.load(path)

  @parameterized.parameters('', '{', '[]', 'null', '{"schema": 1}', '\udcff')
  def test_no_evidence(self, text):
    path = signatures.write(self.root, project_testing.signed(self.root))
    path.write_text(text, encoding='utf-8', errors='surrogateescape')
    with self.assertRaises(errors.InputError):
      signatures.load(path)

  def test_at_another_place(self):
    path = signatures.write(self.root, project_testing.signed(self.root))
    other = path.with_name('tfmot-0.8.0.contributor.json')
    path.rename(other)
    with self.assertRaisesRegex(errors.InputError, 'says that it is .*0.8.1'):
      signatures.load(other)

  @parameterized.named_parameters(
      ('role', {'role': 'friend'}, 'role'),
      ('party', {'party': ' '}, 'party'),
      ('no_records', {'records': []}, 'seeds'),
      ('no_verdicts', {'verdicts': []}, 'claims'),
      ('half_a_verdict', {'verdicts': [{'claim': 'a'}]}, 'has no .kind'),
      ('version', {'tfmot': '../../x'}, 'tfmot'),
      ('test', {'test': 'net_cifar10_none'}, 'declares no convergence_test'),
      (
          'no_number',
          {
              'verdicts': [
                  {**project_testing.VERDICTS[0], 'measured': float('nan')}
              ]
          },
          'measured no number',
      ),
      (
          'twice',
          {'verdicts': project_testing.VERDICTS[:1] * 2},
          'a claim twice',
      ),
  )
  def test_what_cannot_be_signed(self, changes, message):
    path = self.root / 'record.json'
    record.write(project_testing.run(changes.get('tfmot', '0.8.1')), path)
    with self.assertRaisesRegex(errors.InputError, message):
      project_testing.signed(self.root, **{'records': [path], **changes})

  @parameterized.parameters(
      ({'tfmot': '0.8.0'}, 'was made with TFMOT 0.8.1, not 0.8.0'),
      ({'tier': 'smoke'}, 'is of tier cpu, not smoke'),
  )
  def test_a_record_of_something_else(self, changes, message):
    path = self.root / 'record.json'
    record.write(project_testing.run('0.8.1'), path)
    with self.assertRaisesRegex(errors.InputError, message):
      project_testing.signed(self.root, records=[path], **changes)

  def test_a_seed_twice(self):
    path = self.root / 'record.json'
    record.write(project_testing.run('0.8.1'), path)
    with self.assertRaisesRegex(errors.InputError, 'a seed twice'):
      project_testing.signed(self.root, records=[path, path])

  def test_nothing_is_written_of_what_is_broken(self):
    signed = project_testing.signed(self.root)
    with self.assertRaisesRegex(errors.InputError, 'was edited'):
      signatures.write(self.root, {**signed, 'party': 'Eve'})
    self.assertEmpty(list(self.root.glob('tfmot_contrib/*/evidence/signed')))

  @parameterized.parameters(
      ('pass', True),
      ('pass (same weights)', True),
      ('known failure', True),
      ('FAIL', False),
      ('fail', False),
      ('UNDECIDED', False),
      ('MENDED', False),
      ('EXPIRED', False),
  )
  def test_bad_claims(self, word, good):
    verdict = {**project_testing.VERDICTS[0], 'verdict': word}
    bad = signatures.bad_claims(
        project_testing.signed(self.root, verdicts=[verdict])
    )
    self.assertEqual([c['id'] for c in bad], [] if good else ['steps'])


if __name__ == '__main__':
  absltest.main()
