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


"""Tests of the table of surroundings, and of those that need no other user."""

import os
import pathlib

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.elsewhere import place as place_lib
from tools.elsewhere import surroundings
from tools.env import bootstrap


class TableTest(absltest.TestCase):

  def test_each_is_named_once(self):
    table = surroundings.COMBINATIONS
    tried = [s for combination in table for s in combination.surroundings]
    names = [surroundings.name_of(surrounding) for surrounding in tried]
    self.assertCountEqual(set(names), names)
    self.assertNotIn('', names)
    self.assertLen({combination.name for combination in table}, len(table))

  def test_a_cache_is_of_an_earlier_one(self):
    earlier = {''}
    for combination in surroundings.COMBINATIONS:
      self.assertIn(combination.cache_of, earlier)
      earlier.add(combination.name)

  def test_each_check_runs(self):
    commands = {
        command.name
        for combination in surroundings.COMBINATIONS
        for command in combination.commands
    }
    for command in (surroundings.SMOKE, *surroundings.CHECKS):
      self.assertIn(command.name, commands)

  def test_a_nameless_user_has_no_name(self):
    self.assertNotIn(
        f':{surroundings.nameless()}:',
        pathlib.Path('/etc/passwd').read_text(encoding='utf-8'),
    )


class SurroundingsTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.place = place_lib.new(
        pathlib.Path(self.create_tempdir().full_path) / 'a'
    )

  def say(self, script: str) -> tuple[str, ...]:
    """Returns what a script prints in the place."""
    self.place.clone.mkdir(parents=True, exist_ok=True)
    command = place_lib.Command('say', ('sh', '-c', script), 'nothing')
    return self.place.run(command).lines

  def test_another_version(self):
    lock = 'tools/env/locks/tensorflow-2.20.0.txt'
    text = (bootstrap.ROOT / lock).read_text(encoding='utf-8')
    copy = self.place.clone / lock
    copy.parent.mkdir(parents=True)
    copy.write_text(text, encoding='utf-8')
    surroundings.another_version(self.place)
    for edit in self.place.edits:
      edit()
    changed = copy.read_text(encoding='utf-8')
    lines = set(changed.splitlines()) - set(text.splitlines())
    self.assertLen(lines, 2)
    self.assertIn('tqdm==', ''.join(lines))
    self.assertEqual(changed.count('=='), text.count('=='))
    self.assertIsNone(self.place.cache)
    copy.write_text(text.replace('tqdm', 'other'), encoding='utf-8')
    with self.assertRaisesRegex(errors.InputError, 'has no tqdm'):
      self.place.edits[-1]()

  def test_variables(self):
    surroundings.variables(self.place)
    path = self.place.environ['UV_CONSTRAINT']
    self.assertEqual(
        pathlib.Path(path).read_text(encoding='utf-8'), 'numpy==1.0\n'
    )
    self.assertEqual(self.say('echo $PIP_USER'), ('1',))

  def test_one_core(self):
    surroundings.one_core(self.place)
    self.assertEqual(self.say('nproc'), ('1',))

  def test_umask(self):
    surroundings.umask_077(self.place)
    self.assertEqual(self.say('umask'), ('0077',))

  def test_odd_paths(self):
    surroundings.odd_clone(self.place)
    surroundings.odd_home(self.place)
    for path in (self.place.clone, self.place.environ['HOME']):
      self.assertRegex(str(path), ' .*ß')

  @parameterized.parameters(
      surroundings.another_user,
      surroundings.homeless,
      surroundings.owned_by_another,
      surroundings.read_only_cache,
  )
  def test_without_root(self, surrounding):
    self.enter_context(absltest.mock.patch.object(os, 'geteuid', lambda: 1000))
    with self.assertRaisesRegex(place_lib.NotHereError, 'only root can'):
      surrounding(self.place)

  def test_planted(self):
    try:
      surroundings.planted(self.place)
    except place_lib.NotHereError as error:
      self.assertRegex(str(error), 'only root')
      return
    for edit in self.place.edits[:1]:
      edit()
    judge = self.place.judges[0]
    self.assertEqual(judge(), '')
    self.say('echo x > /tmp/tfmot_models.new')
    self.assertIn('tfmot_models.new', judge())
    link = self.place.scratch / 'tmp/tfmot_models.training.1.lock'
    link.write_text('x', encoding='utf-8')
    self.assertIn('behind a planted link', judge())


if __name__ == '__main__':
  absltest.main()
