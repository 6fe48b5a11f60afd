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
import sys

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.evidence import project_testing
from tools.evidence import signatures
from tools.evidence import testing
from tools.suite import draw

_LABEL = f'//tfmot_contrib/net:{project_testing.TEST}'
_BASE = '//tfmot_contrib/baselines:net_cifar10'
# Answers queries, and says that it has built what is there.
_BAZEL = f"""\
#!{sys.executable}
import sys
open('asked.txt', 'a').write(' '.join(sys.argv[1:]) + '\\n')
if sys.argv[1] == 'query':
  print('{_LABEL}_run {_LABEL}_record {_BASE}_record'.replace(' ', '\\n'))
"""


_CLAIM = {
    'id': 'steps',
    'kind': 'structure',
    'bound': '>= 1',
    'verdict': 'pass',
}


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
      ('claims', [{**_CLAIM, 'measured': 11}]),
      ('more', 1),
      ('digest', 'a' * 64),
      ('schema', 0),
      ('tier', 'smoke'),
  )
  def test_tampered(self, key, value):
    path = signatures.write(self.root, project_testing.signed(self.root))
    changed = json.loads(path.read_text(encoding='utf-8'))
    changed[key] = value
    path.write_text(json.dumps(changed), encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, 'sign it again'):
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
  )
  def test_what_cannot_be_signed(self, changes, message):
    path = self.root / 'record.json'
    record.write(project_testing.run(changes.get('tfmot', '0.8.1')), path)
    with self.assertRaisesRegex(errors.InputError, message):
      signed = project_testing.signed(
          self.root, **{'records': [path], **changes}
      )
      signatures.write(self.root, signed)

  @parameterized.parameters(
      ('cpu', '0.8.0', 'was made with TFMOT 0.8.1, not 0.8.0'),
      ('smoke', '0.8.1', 'is of tier smoke, not cpu'),
  )
  def test_a_record_of_something_else(self, tier, tfmot, message):
    path = self.root / 'record.json'
    record.write(project_testing.run('0.8.1', tier=tier), path)
    with self.assertRaisesRegex(errors.InputError, message):
      project_testing.signed(self.root, records=[path], tfmot=tfmot)

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
      ('UNDECIDED', False),
      ('MENDED', False),
  )
  def test_bad_claims(self, word, good):
    verdict = {**project_testing.VERDICTS[0], 'verdict': word}
    bad = signatures.bad_claims(
        project_testing.signed(self.root, verdicts=[verdict])
    )
    self.assertEqual([c['id'] for c in bad], [] if good else ['steps'])


class SignTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    project_testing.project(self.root)
    program = self.root / 'bazel'
    program.write_text(_BAZEL, encoding='utf-8')
    program.chmod(0o755)
    self.bazel = draw.Bazel(str(program), self.root)
    self.put(project_testing.run('0.8.1'))
    name = 'bazel-bin/tfmot_contrib/baselines/net_cifar10_record.json'
    (self.root / name).parent.mkdir(parents=True)
    base = testing.run('1')
    record.write(base, self.root / name)

  def put(self, run):
    name = f'bazel-bin/tfmot_contrib/net/{project_testing.TEST}_record.json'
    (self.root / name).parent.mkdir(parents=True, exist_ok=True)
    record.write(run, self.root / name)

  def sign(self, **changes):
    wanted = {
        'tensorflow': project_testing.TENSORFLOW,
        'tfmot': '0.8.1',
        'party': 'Ada',
        'role': 'contributor',
    } | changes
    return signatures.make(self.bazel, 'net', project_testing.TEST, **wanted)

  def test_signed(self):
    found = signatures.load(self.sign())
    self.assertEqual([s['seed'] for s in found['seeds']], [1])
    self.assertEqual([c['id'] for c in found['claims']][0], 'steps')
    self.assertEqual(found['party'], 'Ada')
    asked = (self.root / 'asked.txt').read_text(encoding='utf-8').splitlines()
    self.assertLen(asked, 2)
    for line in asked:
      self.assertIn('--repo_env=TENSORFLOW=2.20.0 --repo_env=TFMOT=0.8.1', line)

  def test_nobody_signs_for_what_fails(self):
    training = {**project_testing.run('').training, 'steps': 0}
    self.put(project_testing.run('0.8.1', training=training))
    with self.assertRaisesRegex(errors.InputError, 'nobody signs .*steps is 0'):
      self.sign()
    self.assertEmpty(signatures.collect(self.root))

  def test_nobody_signs_for_another_tfmot(self):
    with self.assertRaisesRegex(
        errors.InputError, 'made with TFMOT 0.8.1, not'
    ):
      self.sign(tfmot='0.8.0')
    self.assertEmpty(signatures.collect(self.root))


if __name__ == '__main__':
  absltest.main()
