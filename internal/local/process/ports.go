package process

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Below the ports that the kernel gives to outgoing connections (ip(7), ip_local_port_range).
const lowestPort, highestPort = 10_000, 20_000

// ports are a platform's, by the variables that set them.
type ports map[string]int

// freePorts finds ports that nobody listens on at the moment.
func freePorts() (ports, error) {
	found, taken := ports{}, map[int]bool{}
	for _, variable := range []string{"PORT", "VONAGE_PORT", "DYNAMODB_PORT", "SQS_PORT"} {
		const tries = 100
		for try := 0; found[variable] == 0; try++ {
			if try == tries {
				return nil, fmt.Errorf("found no free port from %d to %d in %d tries", lowestPort, highestPort, tries)
			}
			port := lowestPort + rand.IntN(highestPort-lowestPort)
			if !taken[port] && isFree(port) {
				found[variable], taken[port] = port, true
			}
		}
	}
	return found, nil
}

func isFree(port int) bool {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	_ = listener.Close() // it has taken nothing
	return true
}

func (p ports) url(variable string) string { return fmt.Sprintf("http://127.0.0.1:%d", p[variable]) }

func (p ports) environment() []string {
	var env []string
	for variable, port := range p {
		env = append(env, fmt.Sprintf("%s=%d", variable, port))
	}
	return env
}
