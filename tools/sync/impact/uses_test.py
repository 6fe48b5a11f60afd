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

"""Tests of the look for uses of the mirror in our code."""

from absl.testing import absltest
from absl.testing import parameterized

from tfmot_contrib import errors
from tools.sync.impact import fixture
from tools.sync.impact import symbols
from tools.sync.impact import uses

_MIRROR = {
    'official/core/config.py': (
        """\
        import dataclasses
        from typing import Optional

        @dataclasses.dataclass
        class Config:
          def as_dict(self) -> dict: ...
          def copy(self) -> 'Config': ...

        @dataclasses.dataclass
        class DataConfig(Config):
          seed: int = 1

        @dataclasses.dataclass
        class TaskConfig(Config):
          train_data: Optional[DataConfig] = None

        @dataclasses.dataclass
        class Experiment(Config):
          task: TaskConfig = dataclasses.field(default_factory=TaskConfig)
          plain = 3
        """
    ),
    'official/core/task.py': (
        """\
        import tf_keras
        from official.core import config as cfg

        REGISTERED = {}

        class Base(tf_keras.Model):
          def __init__(self, params: cfg.TaskConfig):
            self._params = params
          def build(self): ...
          def losses(self): ...
          @property
          def data(self) -> cfg.DataConfig: ...

        class Task(Base):
          def train(self, step=0) -> 'tuple[Base, cfg.Config]': ...

        def make(name: str) -> Task: ...
        def pair() -> tuple[Task, cfg.DataConfig]: ...
        """
    ),
    'official/api.py': 'from official.core.task import *\n',
}


class FindTest(fixture.TreeTestCase):

  def find(self, code, **others):
    """Returns `HOW SYMBOL` for each use in a file, without the imports."""
    files = {f'tfmot_contrib/{name}.py': text for name, text in others.items()}
    root = self.tree(_MIRROR, {'tfmot_contrib/ours.py': code}, files)
    tree = symbols.Tree({'official': root, 'tfmot_contrib': root})
    self.found = uses.find(tree, root, ['official'], ['tfmot_contrib'])
    return [
        f'{use.how} {use.symbol.removeprefix("official.")}'
        for use in self.found
        if use.how != 'imports' and use.path == 'tfmot_contrib/ours.py'
    ]

  @parameterized.named_parameters(
      (
          'alias',
          """\
          from official.core import task as t
          t.make('x')
          """,
          ['calls core.task.make'],
      ),
      (
          'name',
          """\
          from official.core.task import make as m
          x = m
          """,
          ['refers core.task.make'],
      ),
      (
          'module_in_full',
          """\
          import official.core.task
          official.core.task.REGISTERED['x'] = 1
          """,
          ['refers core.task.REGISTERED'],
      ),
      (
          'module_with_alias',
          """\
          import official.core.task as t
          t.Task
          """,
          ['refers core.task.Task'],
      ),
      (
          'star_import_of_upstream',
          """\
          from official import api
          api.make
          """,
          ['refers api.make'],
      ),
      (
          'import_inside_of_a_function',
          """\
          def f():
            from official.core import task
            return lambda: [task.make(i) for i in range(3)]
          """,
          ['calls core.task.make'],
      ),
      (
          'annotated_parameter',
          """\
          from official.core import config
          def f(params: config.Experiment | None):
            return params.task.train_data.seed, params.as_dict()
          """,
          [
              'annotates core.config.Experiment',
              'refers core.config.DataConfig.seed',
              'calls core.config.Experiment.as_dict',
              'refers core.config.Experiment.task',
              'refers core.config.TaskConfig.train_data',
          ],
      ),
      (
          'constructed_value',
          """\
          from official.core import config
          x = config.Experiment()
          x.task.train_data = None
          """,
          [
              'calls core.config.Experiment',
              'refers core.config.Experiment.task',
              'refers core.config.TaskConfig.train_data',
          ],
      ),
      (
          'returned_value',
          """\
          from official.core import task
          model, config = task.make('x').train(step=1)
          model.build()
          config.copy().as_dict()
          """,
          [
              'calls core.task.Task.train',
              'calls core.task.make',
              'calls core.task.Base.build',
              'calls core.config.Config.as_dict',
              'calls core.config.Config.copy',
          ],
      ),
      (
          'property',
          """\
          from official.core import task
          task.make('x').data.seed
          """,
          [
              'refers core.config.DataConfig.seed',
              'refers core.task.Task.data',
              'calls core.task.make',
          ],
      ),
      (
          'other_value_of_the_same_name',
          """\
          from official.core import task
          x = task.make('x')
          x = other()
          x.build()
          def f(task):
            return task.make
          """,
          ['calls core.task.make'],
      ),
      (
          'name_of_a_class_in_its_methods',
          """\
          from official.core import task
          class Ours:
            task = None
            def f(self):
              return task.make
          """,
          ['refers core.task.make'],
      ),
      (
          'what_is_not_upstreams',
          """\
          import os
          from official.core import task
          os.path.join(task.__name__, task.tf_keras.Model)
          """,
          [],
      ),
  )
  def test_use(self, code, expected):
    found = self.find(code)
    self.assertCountEqual(found, expected)

  def test_class(self):
    found = self.find("""\
        from official.core import task

        @register(task.REGISTERED)
        class Ours(task.Task):
          losses = None

          def __init__(self, params):
            super().__init__(params)

          def build(self):
            super().build()
            self.train(step=3)
            self.ours()
            return self._params, self.build, self.losses

          def ours(self):
            pass

          @staticmethod
          def free(self):
            return self.train
        """)
    self.assertCountEqual(
        found,
        [
            'refers core.task.REGISTERED',
            'subclasses core.task.Task',
            'overrides core.task.Task.losses',
            'calls core.task.Task.__init__',
            'overrides core.task.Task.build',
            'calls core.task.Task.build',
            'calls core.task.Task.train',
            'refers core.task.Task._params',
        ],
    )

  def test_class_by_way_of_our_own(self):
    found = self.find(
        """\
        from tfmot_contrib import middle
        class Last(middle.Ours):
          def losses(self):
            return self.build(), self.middle()
        x = Last(params=1)
        x.train()
        """,
        middle="""\
        from official.core import task
        class Ours(task.Task):
          def middle(self): ...
        """,
    )
    self.assertCountEqual(
        found,
        [
            'subclasses core.task.Task',
            'overrides core.task.Task.losses',
            'calls core.task.Task.build',
            'calls core.task.Task',
            'calls core.task.Task.train',
        ],
    )
    call = next(use for use in self.found if use.keywords)
    self.assertEqual((call.line, call.keywords), (5, ('params',)))

  def test_class_inside_of_a_function(self):
    found = self.find("""\
        from official.core import task
        def test():
          class Fake(task.Base):
            def build(self):
              return self.losses(), self.build()
        """)
    self.assertCountEqual(
        found,
        [
            'subclasses core.task.Base',
            'overrides core.task.Base.build',
            'calls core.task.Base.losses',
        ],
    )

  def test_imports_and_lines(self):
    self.find("""\
        from official.core import (
            task,
        )
        import yaml
        from official.core.task import make
        """)
    self.assertEqual(
        [(u.how, u.symbol, u.line) for u in self.found],
        [
            ('imports', 'official.core.task', 1),
            ('imports', 'official.core.task.make', 5),
        ],
    )

  def test_broken_file_of_ours(self):
    with self.assertRaisesRegex(errors.InputError, 'ours.py cannot be parsed'):
      self.find('def f(')


if __name__ == '__main__':
  absltest.main()
