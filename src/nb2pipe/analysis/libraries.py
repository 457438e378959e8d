"""A library function's name and its arguments in; by the tables, what it changes and what comes back out."""

from __future__ import annotations

from nb2pipe.analysis import carried, resources, setups, staying
from nb2pipe.analysis.frames import CODE, Arguments
from nb2pipe.analysis.heap import IMMUTABLE, MISSING, Value
from nb2pipe.analysis.parts import CONTAINERS, Parts
from nb2pipe.analysis.state import joined
from nb2pipe.analysis.tables import functions
from nb2pipe.analysis.tables import resources as tables

_STORING = frozenset(
    {"builtins", "operator", "heapq", "bisect"}
)  # modules whose changing functions keep what they store
_TYPES = frozenset(  # their functions are methods: `list.append(x, 1)`
    {"builtins.list", "builtins.dict", "builtins.set", "builtins.bytearray", "builtins.object", "collections.deque",
     "numpy.ndarray", "pandas.DataFrame", "pandas.Series"}
)  # fmt: skip
_PAIRS = "zip_longest product combinations combinations_with_replacement permutations pairwise groupby"
_PAIRING = frozenset({"builtins.enumerate", "builtins.zip", *(f"itertools.{name}" for name in _PAIRS.split())})


class Libraries(Parts):
    """What library functions do."""

    def library_call(self, ref: str, arguments: Arguments) -> Value:
        """Call a library function or class by its dotted name."""
        owner, _, name = ref.rpartition(".")
        if owner in _TYPES and name != "fromkeys" and arguments.positional:
            first, *others = arguments.positional
            return self.method_call(first, name, Arguments(others, arguments.keywords, arguments.rest))
        if ref in ("builtins.type", "builtins.vars") and len(arguments.positional) == 1:
            return self._inside(ref, arguments.positional[0])
        resources.call(self.state, ref, arguments)
        staying.call(self.state, ref, arguments)
        self.modules.used(ref, self.state.at, called=True)
        if ref == "importlib.reload":
            self._reload(arguments)
        for keyword in ("random_state", "rng", "generator"):
            generator = arguments.keywords.get(keyword)
            if generator is not None:  # one that is handed on is drawn from
                self.state.change(generator.objects, deep=True)
        if resources.may_draw(ref):
            resources.fit(self.state, self.heap.all_within(arguments.objects))
        codes = self._use_definitions() if ref in functions().unpickle else frozenset()
        if ref in ("builtins.print", "IPython.display.display", "builtins.display"):
            self.state.effects.setdefault(self.state.at, set()).add("print")
        self.set_up(ref, arguments)
        self._change_listed(functions().changes.get(ref), ref, arguments)
        self.write_out(functions().out.get(ref), arguments)
        if self._changed_by_callbacks(arguments):
            self.state.change(arguments.objects, deep=True)
        made = self._called_back(ref, arguments)
        implied = self.implicit(ref, arguments.objects, arguments.objects)
        made = made.join(Value(implied.objects))
        result = self._result(ref, arguments)
        if implied.objects and functions().results.get(ref) == "item":
            result = result.join(Value(implied.objects))
        self.state.hold(result.objects, (made.objects | codes) - result.objects)
        return result

    def read_module(self, module: str) -> None:
        """A module that the notebook itself has written is read from its file."""
        root = module.partition(".")[0]
        if root in functions().packages:
            return
        for path in sorted(self.state.written):
            if {root, f"{root}.py", "*"} & set(path.split("/")):
                self.state.touch("file", path, write=False)
                self.state.own_imports.add(self.state.at)

    def _reload(self, arguments: Arguments) -> None:
        """`importlib.reload(module)`: its file is read; later steps import what it is then."""
        for ref in sorted(frozenset().union(*(value.refs for value in arguments.every()))):
            if ref.partition(".")[0] in functions().packages:
                self.state.setups.add(self.state.at)
                continue
            self.read_module(ref)
            for name in sorted(name for name, value in self.state.names.items() if ref in value.refs):
                self.state.update(name)

    def write_out(self, position: int | None, arguments: Arguments) -> None:
        """The argument `out`, an array or a tuple of them, is written."""
        out = arguments.at(-1 if position is None else position, "out")
        if out is not None:
            self.state.change(out.objects, deep=True)

    def set_up(self, ref: str, arguments: Arguments) -> None:
        """Note a call that changes the library's own state, or asks for it."""
        if resources.is_setup(ref):
            self.state.touch("options", ref, write=True)
            self.state.setups.add(self.state.at)
            if ref.endswith("_accessor"):
                setups.accessor(self.state, arguments.at(0))
            if not self.active:
                self.state.direct.add(self.state.at)
        elif ref in ("builtins.setattr", "builtins.delattr") and arguments.positional:
            self._patch(arguments)
        for handed in sorted({item for value in arguments.every() for item in value.refs}):
            if resources.is_setup(handed) and carried.libraries(handed) and not resources.is_getter(handed):
                self.state.touch("options", handed, write=True)  # `map(pd.set_option, ...)` calls it
        if not self.active and resources.is_getter(ref):
            self.state.getters.add(self.state.at)
        if ref in tables().asks:
            self.state.asked.add(self.state.at)

    def _patch(self, arguments: Arguments) -> None:
        """`setattr(module, "name", value)`."""
        name = arguments.at(1)
        for ref in sorted(arguments.positional[0].refs):
            if ref == "__main__":
                self._patch_main(arguments)
                continue
            known = name.literal if name is not None and isinstance(name.literal, str) else None
            setups.patch(self.state, ref, known, arguments.at(2))

    def _patch_main(self, arguments: Arguments) -> None:
        """`setattr(sys.modules["__main__"], name, value)` binds the notebook's name."""
        name, value = arguments.at(1), arguments.at(2)
        if name is None or not isinstance(name.literal, str):
            self.unknowable("a name that is not a constant is bound in the notebook's namespace")
        elif value is None:
            self.state.delete(name.literal)
        else:
            self.state.bind(name.literal, value)

    def _inside(self, ref: str, value: Value) -> Value:
        """`type(x)` is the notebook's own class, `vars(x)` the inside of `x`: to change it is to change that."""
        if ref == "builtins.vars":
            refs = frozenset("builtins.globals()" if ref == "__main__" else ref for ref in value.refs)
            return Value(value.objects | self.heap.owned(value.objects), refs)
        return Value(frozenset(item for number in value.objects for item in self.classes_of(number)))

    def _called_back(self, ref: str, arguments: Arguments) -> Value:
        """The functions among the arguments are called, unless the library function is known to call none."""
        kind = functions().results.get(ref)
        if kind == "value":
            return IMMUTABLE
        handed = arguments.objects
        if kind in ("container", "iterator", "item", "view"):  # they look at the items, and call what they are given
            handed = self.heap.some(handed, CODE)
        return self.call_back(handed, arguments.objects)

    def _use_definitions(self) -> frozenset[int]:
        """What is unpickled may be an instance of any class of the notebook, or one of its functions: all of them."""
        found: set[int] = set()
        for name, value in sorted(self.state.names.items()):
            codes = self.heap.some(value.objects, ("function", "class"))
            if codes:
                self.state.read_maybe(name)
                self.use(Value(codes))
                found |= codes
        return frozenset(found)

    def _change_listed(self, positions: list[int | str] | None, ref: str, arguments: Arguments) -> None:
        if positions is not None:
            for position in positions:
                named = arguments.keywords.get(position) if isinstance(position, str) else arguments.at(position)
                value = named or arguments.rest
                if value is not None:
                    self.state.change(value.objects)
                    self.state.change(value.objects, deep=True)
                    if ref.partition(".")[0] in _STORING:
                        others = [item for item in arguments.every() if item is not value]
                        self.hold_arguments(value.objects, others)
        elif self._may_change_arguments(ref):
            self.state.change(arguments.objects, deep=True)

    def _may_change_arguments(self, ref: str) -> bool:
        """A function of a module that isn't known may be the user's own."""
        root, _, rest = ref.partition(".")
        return root not in functions().packages and not rest.rpartition(".")[2][:1].isupper()

    def _changed_by_callbacks(self, arguments: Arguments) -> bool:
        """An object's own methods are no callbacks: a function that is handed on is."""
        if not self.changes_arguments:
            return False
        handed = self.heap.others(arguments.objects, ("instance", "class"))
        return not self.changes_arguments.isdisjoint(self.heap.codes(handed))

    def _result(self, ref: str, arguments: Arguments) -> Value:
        kind = functions().results.get(ref) or "holds"
        literal = resources.fold_call(ref, arguments)
        if kind == "value":
            return Value(literal=literal) if literal is not MISSING else IMMUTABLE
        every = arguments.every()
        if kind == "single":
            return Value(refs=frozenset({f"{ref}()"}))
        if kind == "view":
            return self._view(ref, every)
        if kind == "container":
            return self._copy_container(ref, arguments)
        if ref == "itertools.tee":
            return self.container("tuple", [self._iterator(ref, every[:1]), self._iterator(ref, every[:1])])
        if kind == "iterator":
            return self._iterator(ref, every)
        if kind == "item":
            return joined([self.element(value) for value in every])
        if ref == "builtins.sum":
            return self._sum(every)
        if ref == "operator.methodcaller" and arguments.positional:
            return self._method_caller(arguments)
        result = self.heap.value("library" if kind != "fresh" else "fresh", ref)
        number = next(iter(result.objects))
        self.heap.things[number].draws = resources.estimator_draws(ref, arguments)
        if ref in resources.FILE_OBJECTS:
            self.heap.become(number, "iterator")
        if kind in ("holds", "sees"):
            self.hold_arguments(result.objects, every, owned=kind == "holds")
        return result

    def _view(self, ref: str, every: list[Value]) -> Value:
        objects = frozenset().union(*(value.objects for value in every))
        if ref.partition(".")[0] in ("numpy", "pandas"):  # of a list they make something new
            objects = self.heap.others(objects, CONTAINERS)
            return Value(objects | self.heap.value("fresh", ref).objects)
        return Value(objects | self.heap.owned(objects))

    def _iterator(self, ref: str, every: list[Value]) -> Value:
        """It gives the items of what it goes through, and is another one once that has changed."""
        items: set[int] = set()
        for value in every:
            inner = self.element(value)
            items |= inner.objects
            if ref == "itertools.chain.from_iterable":
                items |= self.element(inner).objects
            items |= self.heap.some(value.objects, CODE)
        if ref in _PAIRING and items:
            items = {self.heap.new("tuple", owns=items)}
        found = self.heap.value("iterator", ref, owns=items)
        for value in every:
            self.state.hold(found.objects, value.objects, owned=False)
        return found

    def _copy_container(self, ref: str, arguments: Arguments) -> Value:
        """A new container of the same items."""
        kind = ref.rpartition(".")[2]
        owned: set[int] = set()
        for value in arguments.every():
            owned |= self.element(value).objects
            owned |= self.heap.some(value.objects, CODE)
        for value in arguments.keywords.values():
            owned |= value.objects
        if kind == "ChainMap":
            owned |= arguments.objects
        if kind not in ("list", "tuple", "sorted"):  # from pairs, the values
            owned |= self.heap.owned(self.heap.some(owned, ("tuple",)))
        made = self.heap.value(kind if kind in CONTAINERS else "list", ref if kind == "defaultdict" else "", owns=owned)
        return made.join(self._same_parts(arguments)) if ref == "copy.copy" else made

    def _same_parts(self, arguments: Arguments) -> Value:
        """Objects whose copies share their parts with them."""
        return Value(self.heap.some(arguments.objects, ("instance", "unknown", "library")) - self.heap.data)

    def _method_caller(self, arguments: Arguments) -> Value:
        """`operator.methodcaller("append", x)`: the name goes along in the origin, the arguments as what it owns."""
        name, *given = arguments.positional
        owns = {number for value in given for number in value.objects}
        return self.heap.value("caller", f"operator.methodcaller:{name.literal!s}", owns=owns)

    def _sum(self, every: list[Value]) -> Value:
        """Of lists: a new list with their items. Of anything else something new."""
        rows = self.element(joined(every)).objects
        lists = self.heap.some(rows, CONTAINERS)
        return self.heap.value(
            "list" if lists else "fresh", "" if lists else "builtins.sum", owns=self.heap.owned(lists)
        )
