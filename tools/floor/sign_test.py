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

"""Tests signing, and what is sent to Official Models, on a small project."""

import json
import pathlib
import subprocess
import sys
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tfmot_contrib.convergence import record
from tools.floor import derive
from tools.floor import evidence
from tools.floor import fixture
from tools.floor import official
from tools.floor import sign
from tools.floor import tight
from tools.reference import draw
from tools.report import small_evidence

_LABEL = f'//tfmot_contrib/net:{fixture.TEST}'
_BASE = '//tfmot_contrib/baselines:net_cifar10'
# Answers queries, and says that it has built what is there.
_BAZEL = f"""\
#!{sys.executable}
import sys
open('asked.txt', 'a').write(' '.join(sys.argv[1:]) + '\\n')
if sys.argv[1] == 'query':
  print('{_LABEL}_run {_LABEL}_record {_BASE}_record'.replace(' ', '\\n'))
"""


class SignTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    fixture.project(self.root)
    program = self.root / 'bazel'
    program.write_text(_BAZEL, encoding='utf-8')
    program.chmod(0o755)
    self.bazel = draw.Bazel(str(program), self.root)
    self.put(fixture.run('0.8.1'))
    name = 'bazel-bin/tfmot_contrib/baselines/net_cifar10_record.json'
    (self.root / name).parent.mkdir(parents=True)
    base = small_evidence.run('1')
    record.write(base, self.root / name)

  def put(self, run):
    name = f'bazel-bin/tfmot_contrib/net/{fixture.TEST}_record.json'
    (self.root / name).parent.mkdir(parents=True, exist_ok=True)
    record.write(run, self.root / name)

  def sign(self, **changes):
    wanted = {
        'tensorflow': fixture.TENSORFLOW,
        'tfmot': '0.8.1',
        'party': 'Ada',
        'role': 'contributor',
    } | changes
    return sign.sign(self.bazel, 'net', fixture.TEST, **wanted)

  def test_signed(self):
    found = evidence.load(self.sign())
    self.assertEqual([s['seed'] for s in found['seeds']], [1])
    self.assertEqual([c['id'] for c in found['claims']][0], 'steps')
    self.assertEqual(found['party'], 'Ada')
    asked = (self.root / 'asked.txt').read_text(encoding='utf-8').splitlines()
    self.assertLen(asked, 2)
    for line in asked:
      self.assertIn('--repo_env=TENSORFLOW=2.20.0 --repo_env=TFMOT=0.8.1', line)

  def test_nobody_signs_for_what_fails(self):
    training = {**fixture.run('').training, 'steps': 0}
    self.put(fixture.run('0.8.1', training=training))
    with self.assertRaisesRegex(errors.InputError, 'nobody signs .*steps is 0'):
      self.sign()
    self.assertEmpty(evidence.collect(self.root))

  def test_nobody_signs_for_another_tfmot(self):
    with self.assertRaisesRegex(
        errors.InputError, 'made with TFMOT 0.8.1, not'
    ):
      self.sign(tfmot='0.8.0')
    self.assertEmpty(evidence.collect(self.root))


class OfficialTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    fixture.project(self.root)
    use = derive.Use('sparsity.keras.new', 'official/core.py', 3)
    old = ('2.20.0', 'tensorflow-model-optimization>=0.4.1')
    for where, name, answer in (
        (derive, 'of_mirror', [use]),
        (official, 'requirement', old),
    ):
      self.enterContext(mock.patch.object(where, name, return_value=answer))

  def texts(self, wanted):
    return official.texts(self.root, wanted, pathlib.Path('out'))

  def test_texts(self):
    found = {'release': '0.7.5', 'tensorflow': '2.20.0', 'passes': False}
    found |= {'step': 'import', 'error': 'ImportError: x'}
    proof = json.dumps({'releases': {'0.7.5': found}})
    fixture.put(self.root, {str(tight.RECORD): proof})
    texts = self.texts('0.8.0')
    text = texts[f'out/{official.NAME}.md']
    self.assertIn('`tfmot.sparsity.keras.new`, in `official/core.py`,', text)
    self.assertIn('release from 0.8.0 on, and\n0.7.5 lacks of it', text)
    self.assertIn('2.20.0, TFMOT 0.7.5 fails at import: ImportError: x', text)

  def test_the_patch_applies_wherever_the_line_is(self):
    before = 'absl-py\nnumpy\ntensorflow-model-optimization>=0.4.1\npyyaml\n'
    fixture.put(self.root, {'official/requirements.txt': before})
    patch = self.texts('0.8.0')[f'out/{official.NAME}.patch']
    subprocess.run(
        ['patch', '-p1', '--no-backup-if-mismatch'],
        cwd=self.root,
        input=patch,
        text=True,
        check=True,
        capture_output=True,
    )
    after = (self.root / 'official/requirements.txt').read_text('utf-8')
    self.assertEqual(after, before.replace('0.4.1', '0.8.0'))

  @parameterized.parameters(
      ('0.7.5', 'needs TFMOT 0.8.0: before, there is no sparsity.keras.new'),
      ('0.4.0', 'needs TFMOT 0.8.0'),
      ('0.8.1rc1', 'pre-release'),
  )
  def test_refused(self, wanted, message):
    with self.assertRaisesRegex(errors.InputError, message):
      self.texts(wanted)

  def test_asked_for_already(self):
    official.requirement.return_value = (
        '3',
        'tensorflow-model-optimization>=1',
    )
    with self.assertRaises(errors.InputError):
      self.texts('0.8.0')
    new = ('3', 'tensorflow-model-optimization>=0.8.1')
    official.requirement.return_value = new
    with self.assertRaisesRegex(errors.InputError, 'which is no less than'):
      self.texts('0.8.0')


if __name__ == '__main__':
  absltest.main()
