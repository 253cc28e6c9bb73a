package lambdaio

import (
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
)

// panicAttrs describes a recovered value. Its text is given only when the Go runtime wrote it: any other may hold what
// must not reach a log, so there the type and the stack have to do.
func panicAttrs(v any) []slog.Attr {
	text := fmt.Sprintf("%T", v)
	if err, ok := v.(runtime.Error); ok {
		text = err.Error()
	}
	return []slog.Attr{slog.String("panic", text), slog.String("stack", string(debug.Stack()))}
}
