{{ reached_by('portal') }}
