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

"""Tests that a place which disagrees is found, and nothing else."""

import json
import pathlib
import re

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.base import git
from tools.evidence import project_testing
from tools.release import places

_README = 'tfmot_contrib/net/README.md'
_TECHNIQUE = 'tfmot_contrib/net/technique.yaml'
_LOCK = 'tools/env/locks/tfmot-0.8.0.txt'


class PlacesTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.root = pathlib.Path(self.create_tempdir().full_path)
    project_testing.project(self.root)
    git.configure(self.root)

  def edit(self, name, old, new):
    text = (self.root / name).read_text(encoding='utf-8')
    self.assertIn(old, text)
    project_testing.put(self.root, {name: text.replace(old, new)})

  def check(self):
    return [str(problem) for problem in places.check(self.root)]

  def test_consistent(self):
    self.assertEmpty(self.check())

  @parameterized.parameters(
      (_TECHNIQUE, '0.8.0', '0.8.1', 'names TFMOT 0.8.1, but the floor is'),
      (_TECHNIQUE, 'floor: 0.8.0\n', '', 'does not name the floor'),
      (_README, '0.8.0', '0.7.5', 'names TFMOT 0.7.5, but the floor is'),
      (_README, '0.8.0', '0.8.0.1', 'names TFMOT 0.8.0.1, but the floor'),
      ('README.md', '0.8.0', '0.8.1', 'names TFMOT 0.8.1, but the floor'),
      ('docs/guide.md', '0.8.0', '0.8.2', 'names TFMOT 0.8.2, but the floor'),
      (
          _LOCK,
          '==0.8.0',
          '==0.8.1',
          'locks tensorflow-model-optimization==0.8.1',
      ),
      (_LOCK, '--hash=sha256:', '', 'or has no hash'),
      (_LOCK, 'tensorflow-model-optimization==', 'x==', 'locks x==0.8.0'),
      (
          'pyproject.toml',
          'stable = {}',
          'floor = { tfmot = "0.8.0" }',
          'names the floor 2 times',
      ),
  )
  def test_one_place_disagrees(self, name, old, new, message):
    if name == 'pyproject.toml':  # Twice would be no TOML: in a text.
      text = (self.root / name).read_text(encoding='utf-8')
      project_testing.put(self.root, {name: f"{text}x = '''\n{new}\n'''\n"})
    else:
      self.edit(name, old, new)
    problems = self.check()
    self.assertLen(problems, 1)
    self.assertRegex(problems[0], f'^{re.escape(name)}:.*{message}')

  def test_truth_that_moved_alone(self):
    self.edit('pyproject.toml', 'tfmot = "0.8.0"', 'tfmot = "0.8.1"')
    problems = self.check()
    for name in (_TECHNIQUE, _README, 'README.md', 'docs/guide.md'):
      self.assertIn(f'{name}:', ' '.join(problems))
    self.assertLen(problems, 7)

  @parameterized.parameters(
      ('a.md', 'It works with TFMOT 0.8.1.\n', '0.8.1'),
      ('a.md', 'tensorflow-model-optimization>=0.4.1\n', '0.4.1'),
      ('a.md', 'TFMOT >= 0.9\n', '0.9'),
      ('.hidden', 'the floor (0.7.5)\n', '0.7.5'),
      ('a.py', "x = {'tfmot': '0.8.1'}\n", '0.8.1'),
  )
  def test_unregistered_mention(self, name, text, version):
    project_testing.put(self.root, {name: text})
    problems = self.check()
    self.assertLen(problems, 1)
    self.assertIn(f'{name}:1: names TFMOT {version} and is no', problems[0])

  @parameterized.parameters(
      'numpy 0.8.1\n',
      'TFMOT is good. 10.8.1\n',
      'TFMOT and numpy 10.8.1.2\n',
      'TFMOT in docs 1\n',
      'tfmot_models 0.1.0\n',
  )
  def test_no_mention(self, text):
    project_testing.put(self.root, {'a.md': text})
    self.assertEmpty(self.check())

  def test_ignored_files_are_not_read(self):
    project_testing.put(
        self.root, {'.gitignore': 'out/\n', 'out/a': 'TFMOT 0.8.1'}
    )
    self.assertEmpty(self.check())

  def allow(self, **entry):
    path = self.root / places.MENTIONS
    entries = json.loads(path.read_text(encoding='utf-8'))
    made = {'reason': 'It is history.', 'by': 'Ada', **entry}
    path.write_text(json.dumps([*entries, made]), encoding='utf-8')

  def test_allowed_lines(self):
    text = 'since TFMOT 0.7.5\nTFMOT 0.8.1\n'
    project_testing.put(self.root, {'a.md': text})
    self.allow(what='*', where='a.md: since*')
    problems = self.check()
    self.assertLen(problems, 1)
    self.assertIn('a.md:2:', problems[0])
    (self.root / 'a.md').unlink()
    with self.assertRaisesRegex(errors.InputError, 'nothing is wrong any more'):
      self.check()

  @parameterized.parameters(
      ('Such as TFMOT=0.8.1.', True),
      ('The oldest TFMOT here is 0.7.5.', False),
      ('The minimum TFMOT is 0.7.5', False),
      ('Floor: TFMOT is 0.8.1', False),
  )
  def test_living_file_may_not_name_the_floor(self, line, fits):
    text = f'Since TFMOT 0.7.1.\n{line}\n'
    project_testing.put(self.root, {'a.md': text})
    self.allow(what='mention', where='a.md:*')
    self.assertLen(self.check(), 0 if fits else 1)

  @parameterized.parameters(
      ('- {what: a, where: b}\n', "has no 'reason'"),
      ('{', 'is no YAML'),
      ('a: b', 'must be a list'),
  )
  def test_broken_list(self, text, message):
    project_testing.put(self.root, {str(places.MENTIONS): text})
    with self.assertRaisesRegex(errors.InputError, message):
      self.check()

  def test_rewritten(self):
    wanted = {places.FLOOR: '0.8.1', places.LATEST: '0.9.0'}
    texts = places.rewritten(self.root, wanted)
    self.assertCountEqual(
        texts,
        [
            'pyproject.toml',
            *(f'tfmot_contrib/{n}/technique.yaml' for n in ('net', 'other')),
            'tfmot_contrib/baselines/technique.yaml',
            *(f'tfmot_contrib/{n}/README.md' for n in ('net', 'other')),
            'README.md',
            'docs/guide.md',
        ],
    )
    self.assertIn('\ntfmot = "0.9.0"\n', texts['pyproject.toml'])
    self.assertIn('floor = { tfmot = "0.8.1" }', texts['pyproject.toml'])
    project_testing.put(self.root, texts)
    self.assertEqual(places.truth(self.root), wanted)
    # Nothing but the locks of the new versions is left to do.
    left = self.check()
    self.assertLen(left, 1)
    self.assertIn('tfmot-0.9.0.txt', left[0])
    self.assertEmpty(places.rewritten(self.root, wanted))


if __name__ == '__main__':
  absltest.main()
