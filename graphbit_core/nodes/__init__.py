"""The standard node types. They come through graphbit-core's own entry points, like anyone's."""
