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

"""Tests of the comparison of symbols: one thing changes in each."""

from absl.testing import absltest
from absl.testing import parameterized

from tools.sync.impact import fixture


class ComparisonTest(fixture.ImpactTestCase):

  @parameterized.named_parameters(
      (
          'default_of_a_field',
          fixture.CONFIG,
          'Optional[str] = None',
          "Optional[str] = 'x'",
          False,
          'config.Config.name',
          'default changed',
          "None -> 'x'",
          [12],
      ),
      (
          'default_of_a_field_inside_of_a_field',
          fixture.CONFIG,
          '0.1',
          '0.2',
          False,
          'config.Inner.rate',
          'default changed',
          '0.1 -> 0.2',
          [12],
      ),
      (
          'field_removed',
          fixture.CONFIG,
          'steps: int',
          'pass; count: str',
          False,
          'config.TaskConfig.steps',
          'field removed',
          'steps',
          [12],
      ),
      (
          'field_renamed',
          fixture.CONFIG,
          'name: Optional',
          'title: Optional',
          True,
          'config.Config.name',
          'field renamed',
          'name -> title',
          [12],
      ),
      (
          'field_added_without_default',
          fixture.CONFIG,
          'class TaskConfig(Config):\n',
          'class TaskConfig(Config):\n          more: int\n',
          True,
          'config.TaskConfig',
          'field added',
          'more',
          [12],
      ),
      (
          'type_of_a_field',
          fixture.CONFIG,
          'rate: float',
          'rate: str',
          False,
          'config.Inner.rate',
          'field type changed',
          'rate: float -> str',
          [12],
      ),
      (
          'constant',
          fixture.CONFIG,
          "'basic'",
          "'plain'",
          False,
          'config.DEPTHS',
          'value changed',
          (
              "{18: 'basic', 50: limits.BLOCK, 99: layers.X} -> {18: 'plain',"
              ' 50: limits.BLOCK, 99: layers.X}'
          ),
          [13],
      ),
      (
          'constant_inside_of_a_constant',
          'official/core/limits.py',
          "'bottleneck'",
          "'inverted'",
          False,
          'config.DEPTHS',
          'value changed',
          'through BLOCK',
          [13],
      ),
      (
          'constant_inside_of_a_default',
          'official/core/limits.py',
          '5',
          '6',
          False,
          'config.TaskConfig.steps',
          'default changed',
          'through STEPS',
          [12],
      ),
      (
          'function_removed',
          fixture.TASK,
          'def make(',
          'def create(',
          True,
          'make',
          'removed',
          'was a function',
          [2, 14],
      ),
      (
          'parameter_renamed',
          fixture.TASK,
          "folder=''",
          "place=''",
          True,
          'task.make',
          'parameter renamed',
          'folder -> place',
          [2, 14],
      ),
      (
          'parameter_removed_but_taken',
          fixture.TASK,
          "*, folder='', ",
          '',
          False,
          'task.make',
          'parameter removed',
          'folder (**kwargs take it)',
          [2, 14],
      ),
      (
          'parameter_removed',
          fixture.TASK,
          'inputs, model=None',
          'inputs',
          True,
          'task.Task.train',
          'parameter removed',
          'model',
          [8, 9],
      ),
      (
          'parameter_added_without_default',
          fixture.TASK,
          'params, dir=None',
          'params, dir=None, *, mode',
          True,
          'task.Task.__init__',
          'parameter added',
          'mode',
          [6, 16],
      ),
      (
          'parameter_added_to_what_we_override',
          fixture.TASK,
          'model=None',
          'model=None, metrics=None',
          True,
          'task.Task.train',
          'parameter added',
          'metrics=None',
          [8],
      ),
      (
          'parameters_reordered',
          fixture.TASK,
          'self, params, dir=None',
          'self, dir=None, params=None',
          True,
          'task.Task.__init__',
          'parameters reordered',
          'params, dir -> dir, params',
          [6, 16],
      ),
      (
          'default_of_a_parameter',
          fixture.TASK,
          "folder=''",
          "folder='.'",
          False,
          'task.make',
          'parameter default changed',
          "folder: '' -> '.'",
          [2, 14],
      ),
      (
          'default_removed',
          fixture.TASK,
          'inputs, model=None',
          'inputs, model',
          True,
          'task.Task.train',
          'parameter default removed',
          'model',
          [8, 9],
      ),
      (
          'kind_of_a_parameter',
          fixture.TASK,
          'inputs, model=None',
          'inputs, *, model=None',
          True,
          'task.Task.train',
          'parameter kind changed',
          'model: positional or keyword -> keyword-only',
          [8, 9],
      ),
      (
          'return_type',
          fixture.TASK,
          '-> Task',
          '-> tuple[Task]',
          False,
          'task.make',
          'return type changed',
          'Task -> tuple[Task]',
          [2, 14],
      ),
      (
          'base_added',
          fixture.TASK,
          'class Task(Base)',
          'class Task(Base, abc.ABC)',
          False,
          'task.Task',
          'base classes changed',
          '(Base) -> (Base, ABC)',
          [6, 16],
      ),
      (
          'inherited_method_removed',
          fixture.TASK,
          'def build(',
          'def construct(',
          True,
          'task.Task.build',
          'removed',
          'was a method',
          [10],
      ),
      (
          'attribute_of_self_removed',
          fixture.TASK,
          'self._dir = dir',
          'self._folder = dir',
          True,
          'task.Task._dir',
          'removed',
          'was an attribute',
          [10],
      ),
      (
          'property_to_method',
          fixture.TASK,
          '@property\n',
          '\n',
          True,
          'task.Task.loss',
          'kind changed',
          'property -> method',
          [10],
      ),
  )
  def test_change(self, name, old, new, breaks, symbol, kind, detail, lines):
    found = self.change(name, old, new)
    self.assertLen(found, 1)
    [change] = found
    self.assertEqual(change.symbol, f'official.core.{symbol}')
    self.assertEqual((change.kind, change.detail), (kind, detail))
    self.assertEqual(change.breaks, breaks)
    self.assertEqual([site.line for site in change.sites], lines)
    for site in change.sites:
      self.assertEqual(site.path, 'tfmot_contrib/x/ours.py')
      self.assertEqual(site.target, '//tfmot_contrib/x:ours')

  @parameterized.named_parameters(
      ('nothing', fixture.TASK, 'x', 'x'),
      ('what_we_do_not_use', fixture.TASK, 'def unused(x)', 'def unused(x, y)'),
      ('comment', fixture.TASK, 'class Base:\n', 'class Base:  # Used.\n'),
      (
          'parameter_with_default',
          fixture.TASK,
          "folder=''",
          "folder='', more=1",
      ),
      (
          'field_with_default',
          fixture.CONFIG,
          'rate: float',
          'more: int = 1; rate: float',
      ),
      (
          'default_in_another_spelling',
          fixture.CONFIG,
          'field(default_factory=Inner)',
          'field(default_factory=lambda: Inner())',
      ),
      (
          'other_name_of_what_is_outside',
          fixture.CONFIG,
          'layers = tf.keras.layers',
          'layers = tf_keras.layers',
      ),
      (
          'attribute_that_is_no_field',
          fixture.CONFIG,
          'seen: int = 1',
          'seen: int = 2',
      ),
      (
          'type_in_another_spelling',
          fixture.CONFIG,
          'Optional[str]',
          'str | None',
      ),
  )
  def test_no_change(self, name, old, new):
    self.assertEqual(self.change(name, old, new), [])


if __name__ == '__main__':
  absltest.main()
