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

"""A small project for tests: two techniques, their records, a mirror."""

import json
import pathlib
from typing import Any, Sequence

from tfmot_contrib.convergence import record
from tools.evidence import signatures
from tools.evidence import testing

TEST = 'net_cifar10_half'
TENSORFLOW = '2.20.0'
_VERSIONS = 'tensorflow-model-optimization'
_BUILD = """\
load("//tools/bazel:convergence.bzl", "convergence_test", "runner")

runner(name = "run", deps = [":experiments"])

[
    convergence_test(
        name = "%s_%s" % (model, row),
        baseline = "//tfmot_contrib/baselines:" + model,
        config = "configs/%s.yaml" % row,
        control = "//tfmot_contrib/baselines:net_control",
        experiment = model + "_net",
        module = "tfmot_contrib.FOLDER.experiments",
    )
    for model in ["net_cifar10"]
    for row in ["half", "most"]
]

filegroup(name = "configs", srcs = glob(["configs/*.yaml"]))
"""
_BASELINES = """\
convergence_test(
    name = "net_cifar10",
    experiment = "net_cifar10",
    module = "tfmot_contrib.baselines.experiments",
)

control(
    name = "net_control",
    baseline = ":net_cifar10",
    experiment = "net_short",
    module = "tfmot_contrib.baselines.recipes",
)
"""
PYPROJECT = """\
[tool.tfmot_models.environment]
tensorflow = "2.20.0"
tfmot = "0.8.1"

[tool.tfmot_models.environment.channels]
stable = {}
floor = { tfmot = "0.8.0" }
"""
_LOCK = """\
# Made by `tools/nox -s lock`.
{package}=={version} \\
    --hash=sha256:{digest}
"""
VERDICTS = (
    {
        'claim': 'steps',
        'kind': 'structure',
        'measured': 10,
        'bound': '>= 1',
        'verdict': 'pass',
    },
    {
        'claim': 'training_health',
        'kind': 'training health',
        'measured': 0.0,
        'bound': '<= 0',
        'verdict': 'pass',
    },
    {
        'claim': 'exported_as_trained',
        'kind': 'deployment',
        'measured': 0.0,
        'bound': '<= 0',
        'verdict': 'pass',
    },
)


def put(root: pathlib.Path, files: dict[str, str]) -> None:
  """Writes files by their path in a folder."""
  for name, text in files.items():
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding='utf-8')


def tree(root: pathlib.Path) -> dict[str, bytes]:
  """Returns what is in a tree, by path, but for what git keeps.

  Args:
    root: Its folder.

  Returns:
    The contents of each file.
  """
  return {
      str(path.relative_to(root)): path.read_bytes()
      for path in sorted(root.rglob('*'))
      if path.is_file() and '.git' not in path.relative_to(root).parts[:1]
  }


def project(root: pathlib.Path) -> None:
  """Writes the project.

  Args:
    root: An empty folder.
  """
  contrib = root / 'tfmot_contrib'
  one = [testing.claim('steps')]
  for folder in ('net', 'other'):
    testing.technique(
        contrib / folder,
        {TEST: run('0.8.1')},
        {TEST: one, 'net_cifar10_most': one},
    )
    with open(contrib / folder / 'technique.yaml', 'a', encoding='utf-8') as f:
      f.write(f'main: [{TEST}]\n')
    put(
        contrib / folder,
        {
            'BUILD': _BUILD.replace('FOLDER', folder),
            'configs/half.yaml': 'half: 1\n',
            'configs/most.yaml': 'most: 1\n',
            'configs/smoke.yaml': 'steps: 1\n',
            'experiments.py': (
                'from tfmot_contrib import shared\n'
                f'from tfmot_contrib.{folder} import code\n'
            ),
            'code.py': 'import tensorflow\n',
            'aside.py': '',
            'uses.py': (
                'import tensorflow_model_optimization as tfmot\n'
                'x = tfmot.sparsity.keras.new\n'
            ),
            'README.md': 'TFMOT 0.8.0 or later.\n',
            '__init__.py': '',
        },
    )
  testing.technique(
      contrib / 'baselines', {'net_cifar10': run('')}, {'net_cifar10': one}
  )
  put(
      root,
      {
          'tfmot_contrib/baselines/BUILD': _BASELINES,
          'tfmot_contrib/baselines/configs/smoke.yaml': 'steps: 1\n',
          'tfmot_contrib/baselines/experiments.py': '',
          'tfmot_contrib/baselines/recipes.py': '',
          'tfmot_contrib/shared.py': 'def f():\n  import tfmot_contrib.late\n',
          'tfmot_contrib/late.py': '',
          'official/upstream.lock': (
              f'[digests]\nselection = "a"\npatched = "{"c" * 64}"\n'
          ),
      },
  )
  for name in ('run', 'measure', 'verdict'):
    put(contrib / 'convergence', {f'{name}.py': ''})
  for package, version in (
      ('tensorflow', TENSORFLOW),
      ('tfmot', '0.8.0'),
      ('tfmot', '0.8.1'),
  ):
    name = _VERSIONS if package == 'tfmot' else package
    text = _LOCK.format(package=name, version=version, digest='a' * 64)
    put(root / 'tools/env/locks', {f'{package}-{version}.txt': text})
  mentions = json.dumps([
      {
          'what': '*',
          'where': ['tools/*', 'tfmot_contrib/*/evidence/*'],
          'reason': 'What was used then.',
          'by': 'Ada',
      },
  ])
  put(
      root,
      {
          'pyproject.toml': PYPROJECT,
          'README.md': 'Run `bazel test --repo_env=TFMOT=0.8.0 //...` now.\n',
          'tools/release/mentions.yaml': mentions,
          'docs/guide.md': 'The floor is TFMOT 0.8.0.\n',
          '.github/workflows/ci.yml': 'run: bazel test\n',
      },
  )


def sign_all(root: pathlib.Path, versions: Sequence[str]) -> None:
  """Signs for all main tests, as contributor and as second party."""
  for technique in ('net', 'other'):
    for tfmot in versions:
      for party, role in zip(('Ada', 'Bob'), signatures.ROLES, strict=True):
        made = signed(
            root, technique=technique, tfmot=tfmot, party=party, role=role
        )
        signatures.write(root, made)


def run(tfmot: str, **changes: Any) -> record.Record:
  """Returns the record of a run with a version of TFMOT, or without one."""
  versions = {_VERSIONS: tfmot} if tfmot else {}
  return testing.run('3', '1', versions=versions, **changes)


def signed(root: pathlib.Path, **changes: Any) -> dict[str, Any]:
  """Makes evidence with a record of its own.

  Args:
    root: Of `project`.
    **changes: Arguments of `signatures.sign` that are others than usual.

  Returns:
    The evidence; it is not written.
  """
  wanted = {
      'technique': 'net',
      'test': TEST,
      'tfmot': '0.8.1',
      'tensorflow': TENSORFLOW,
      'party': 'Ada',
      'role': signatures.CONTRIBUTOR,
      'verdicts': VERDICTS,
  } | changes
  if 'records' not in wanted:
    path = root.parent / f'{root.name}_record.json'
    share = {signatures.CONTRIBUTOR: 0.8, signatures.SECOND_PARTY: 0.81}
    keras = {'accuracy': share.get(wanted['role'], 0.5)}
    record.write(run(wanted['tfmot'], keras=keras), path)
    wanted['records'] = [path]
  return signatures.sign(root, **wanted)
