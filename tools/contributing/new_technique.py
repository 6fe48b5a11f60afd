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

r"""Writes the folder of a new technique, complete: new_technique -- NAME.

    tools/nox -s new_technique -- weight_sharing --title "Weight sharing" \
      --owner @me --guide https://… --api tfmot.clustering.keras.cluster_weights

The folder passes lint and its smoke test at once. What only a person can say is
marked TODO, and `tools/nox -s technique_status -- NAME` lists it. All is made
in a copy of the tree, and moved here when it is whole and clean.

The folder and its name in tfmot_contrib/techniques.bzl are all that changes.
The templates are `string.Template`: copier and cookiecutter would each be
another package of the environment that all tests depend on.
"""

import datetime
import os
import pathlib
import shutil
import string
import subprocess
import sys
import tempfile
from typing import Callable, Mapping, Sequence

from tfmot_contrib import errors
from tfmot_contrib import techniques
from tfmot_contrib.convergence import claims
from tools.base import files
from tools.base import git
from tools.base import markdown
from tools.contributing import answers as answers_lib
from tools.env import bootstrap
from tools.evidence import rows
from tools.evidence import tables

_TEMPLATE = pathlib.Path(__file__).parent / 'template'
_SUFFIX = '.tmpl'
_NOT_COPIED = ('.git', '__pycache__', 'bazel-*', '.nox')
_CLAIMS = """\
    - id: accuracy_drop
      kind: accuracy
      metric: exported.int8.mirrored_accuracy
      against: exported.float.mirrored_accuracy
      as: drop
      at_most: 0.0
      for_noise: 0.8
      documented: TODO(owner)
      source: {guide}
      reason: >-
        TODO(owner): the documented drop, and 0.8 points for noise until the
        seeds admit it.
    - id: size
      kind: deployment
      metric: exported.int8.bytes
      against: exported.float.bytes
      as: ratio
      at_most: 0.33
      documented: TODO(owner)
      source: {guide}
      reason: >-
        TODO(owner): a quarter for weights of 8 bits, and what stays.
"""
_TRAIN = """\
bazel run //tfmot_contrib:train -- --experiment={model}_{name} \\
  --config_file=$PWD/tfmot_contrib/{name}/configs/{row}.yaml \\
  --params_override=task.init_checkpoint=/tmp/{short} \\
  --mode=train_and_eval --model_dir=/tmp/{short}_{row}
"""
_VALIDATION = '  validation_data:\n    global_batch_size: 64'
_FEW_STEPS = f"""\
  train_data:
    global_batch_size: 16
{_VALIDATION}
trainer:
  train_steps: 8
  steps_per_loop: 2
  summary_interval: 2
  checkpoint_interval: 2
  validation_interval: 8"""

Tidy = Callable[[pathlib.Path, Sequence[str]], None]


def floor(root: pathlib.Path) -> str:
  """Returns the highest floor of the techniques that there are."""
  return max(
      (
          claims.read_technique(str(path))['floor']
          for path in (root / 'tfmot_contrib').glob('*/technique.yaml')
      ),
      key=lambda version: tuple(map(int, version.split('.'))),
  )


def _experiments(name: str, camel: str, training: str) -> dict[str, str]:
  """Returns what differs with and without training."""
  config = f'{name}.{camel}Config'
  home = 'experiments as baselines' if training == 'none' else 'recipes'
  imports = [
      f'from tfmot_contrib.baselines import {home}',
      f'from tfmot_contrib.{name} import {name}',
  ]
  if training == 'none':
    register = f"baselines.fine_tuning('{name}', {config}, steps=0)"
    control = ''
  else:
    register = f"recipes.RECIPES['{training}'].register('{name}', {config})"
    label = f'"//tfmot_contrib/baselines:%s_control_{training}"'
    control = f'\n        control = {label} % model,'
  return {
      'recipes': 'experiments' if training == 'none' else 'recipes',
      'register_imports': '\n'.join(sorted(imports)),
      'register': register,
      'control': control,
      'moves': (
          ''
          if training == 'none'
          else 'moves: [moving_mean, moving_variance]\n'
      ),
      'smoke_comment': (
          'Few images: the same code, in seconds.'
          if training == 'none'
          else 'A few steps on a few images: the same code, in seconds.'
      ),
      'smoke_task': _VALIDATION if training == 'none' else _FEW_STEPS,
  }


def fields(answers: answers_lib.Answers, least: str) -> dict[str, str]:
  """Returns what stands for the words of the templates.

  Args:
    answers: Of the contributor.
    least: The floor.

  Returns:
    By word, the text.
  """
  name, row = answers.name, answers.row
  model = answers.models[-1]
  short = model.removesuffix('_cifar10')
  camel = ''.join(part.capitalize() for part in name.split('_'))
  words = {
      'name': name,
      'owner': answers.owner,
      'guide': answers.guide,
      'row': row,
      'model': model,
      'short': short,
  }
  first, *others = (f'{model}_{row}' for model in answers.models)
  anchor = ' &claims' if others else ''
  tests = f'  {first}:{anchor}\n{_CLAIMS.format(**words)}'
  tests += ''.join(f'  {test}: *claims\n' for test in others)
  trained = answers.training != 'none'
  return {
      **words,
      **_experiments(name, camel, answers.training),
      'title': answers.title,
      'summary': f'{answers.title}; TODO(owner)',
      'camel': camel,
      'api': '\n'.join(f'  - {symbol}' for symbol in answers.api),
      'floor': least,
      'claims': tests,
      'models': '\n'.join(f'        "{m}",' for m in answers.models),
      'month': datetime.date.today().strftime('%Y-%m'),
      'train': _TRAIN.format(**words) if trained else '',
  }


def render(
    words: Mapping[str, str], template: pathlib.Path = _TEMPLATE
) -> dict[str, str]:
  """Fills the templates.

  Args:
    words: Of `fields`.
    template: Their folder.

  Returns:
    By path in the folder of the technique, the text.
  """
  result = {}
  for path in sorted(template.rglob(f'*{_SUFFIX}')):
    name = str(path.relative_to(template)).removesuffix(_SUFFIX)
    name = name.replace('NAME', words['name']).replace('ROW', words['row'])
    text = string.Template(path.read_text(encoding='utf-8'))
    result[name] = _sorted_imports(text.substitute(words))
  return result


def _sorted_imports(text: str) -> str:
  """Sorts each run of imports of this project, since the name is in some."""
  result: list[str] = []
  block: list[str] = []
  for line in [*text.splitlines(keepends=True), '']:
    if line.startswith('from tfmot_contrib'):
      block.append(line)
      continue
    result += sorted(block)
    block = []
    result.append(line)
  return ''.join(result)


def lint(root: pathlib.Path, paths: Sequence[str]) -> None:
  """Lays out what was written, and refuses it unless it is clean.

  Args:
    root: A copy of the project.
    paths: What was written.

  Raises:
    errors.InputError: Lint finds what it cannot mend.
  """
  done = subprocess.run(
      [sys.executable, '-m', 'tools.lint.lint', '--fix', *paths],
      cwd=root,
      env={**os.environ, 'PYTHONPATH': str(root)},
      capture_output=True,
      text=True,
      check=False,
  )
  if done.returncode:
    found = (done.stdout + done.stderr).strip().splitlines()
    raise errors.InputError(
        f'what was made does not pass lint: {" | ".join(found[-4:])}'
    )


def enter(text: str, name: str) -> str:
  """Enters a technique into the list of all.

  Args:
    text: Of techniques.bzl.
    name: Of the technique.

  Returns:
    The text with the name, sorted.

  Raises:
    errors.InputError: The list is not as this project writes it.
  """
  try:
    names = techniques.parse(text)
  except (SyntaxError, ValueError) as error:
    raise errors.InputError(errors.one_line(error)) from error
  before = _listed(names)
  if before not in text:
    raise errors.InputError(
        f'{techniques.PATH} does not have one name a line: restore it with git'
    )
  return text.replace(before, _listed(sorted([*names, name])))


def _listed(names: Sequence[str]) -> str:
  """Returns the lines of a list of techniques."""
  return 'TECHNIQUES = [\n' + ''.join(f'    "{n}",\n' for n in names) + ']\n'


def make(
    root: pathlib.Path, answers: answers_lib.Answers, tidy: Tidy = lint
) -> list[str]:
  """Makes a technique, whole or not at all.

  Args:
    root: The folder of the project.
    answers: Of the contributor.
    tidy: Mends and checks what was written in a copy of the tree.

  Returns:
    The paths that are new or changed, the folder first.

  Raises:
    errors.InputError: The list of techniques is not where it was, the evidence
      is wrong, or what was made does not pass lint.
  """
  folder = f'tfmot_contrib/{answers.name}'
  with tempfile.TemporaryDirectory(prefix='new_technique_') as scratch:
    copy = pathlib.Path(scratch).resolve() / 'tree'
    ignore = shutil.ignore_patterns(*_NOT_COPIED)
    shutil.copytree(root, copy, symlinks=True, ignore=ignore)
    rendered = render(fields(answers, floor(root)))
    files.write_all(copy / folder, rendered)
    listed = copy / techniques.PATH
    text = enter(listed.read_text(encoding='utf-8'), answers.name)
    files.write(listed, text)
    readme = copy / folder / 'README.md'
    made = next(t for t in rows.load(copy) if t.name == answers.name)
    text = markdown.with_region(
        files.read(readme), 'evidence', tables.results(made), readme.name
    )
    files.write(readme, text)
    git.configure(copy)  # Lint asks git which files there are.
    tidy(copy, [folder, techniques.PATH])
    names = [f'{folder}/{name}' for name in rendered] + [techniques.PATH]
    try:
      files.write_all(
          root, {name: (copy / name).read_bytes() for name in names}
      )
    except BaseException:
      shutil.rmtree(root / folder, ignore_errors=True)
      raise
  return [folder, techniques.PATH]


@errors.exits_with_one_line
def main(
    argv: Sequence[str],
    root: pathlib.Path = bootstrap.ROOT,
    tidy: Tidy = lint,
) -> None:
  """Makes the technique of the command line."""
  flags = answers_lib.parser().parse_args(argv)
  answers = answers_lib.of(flags, root, answers_lib.asker(sys.stdin))
  for name in make(root, answers, tidy):
    print(f'new_technique: wrote {name}')
  print(
      '\nNow: bazel test --build_tests_only --test_tag_filters=-cpu'
      f' //tfmot_contrib/{answers.name}/...\nWhat is left to do:'
      f' tools/nox -s technique_status -- {answers.name}'
  )


if __name__ == '__main__':
  main(sys.argv[1:])
