// Package template reads a SAM template and describes what of it runs on one machine: functions with their
// environment, routes, queues and schedules; queues; tables. Parameters take their defaults unless overridden, and
// conditions and the intrinsic functions Ref, GetAtt, Sub, Join and If are resolved.
//
// Nothing is passed over in silence. What has no meaning on one machine (permissions, alarms, retention of logs) is
// listed with its reason in ignored.go. Everything else that is not mirrored is refused by name, and all such
// problems are reported at once.
//
// Known differences from CloudFormation and SAM:
//   - a resource without a name of its own is named by its logical id, a function by the folder of its code;
//   - region, account and stack name are fixed, unless overridden as parameters ("AWS::Region");
//   - the order of resources is that of their logical ids, and DependsOn is not looked at;
//   - values that nothing local needs are not resolved, so a mistake in them goes unnoticed here (cfn-lint finds it);
//   - parameters are of type String or Number only; mappings, rules, macros, modules and nested stacks are refused;
//   - patterns of parameters are those of Go's regexp package, which has no look-around.
package template
