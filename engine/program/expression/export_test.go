package expression

// Remembered counts what an Env's machine still holds between two runs.
func Remembered(env *Env) int {
	held := 0
	for _, v := range env.machine.Stack[:cap(env.machine.Stack)] {
		if v != nil {
			held++
		}
	}
	return held
}
